// A picture from this device as a JPEG that is small enough to be sent.

/** Longest side that is sent, pixels: more shows no more of one person. */
const MAX_SIDE_PX = 1600;

/** The JPEG in base64 and an address to show it; throws what can be told. */
export async function readPicture(file: Blob): Promise<{ picture: string; url: string }> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error('This file is no picture that the browser can read. Choose a JPEG or PNG.');
  }
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const url = canvas.toDataURL('image/jpeg', 0.92);
  return { picture: url.slice(url.indexOf(',') + 1), url };
}
