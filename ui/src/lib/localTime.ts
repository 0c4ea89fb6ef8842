// Times as inputs of type datetime-local show them. Pure.

/** UTC text to what an input of type datetime-local shows. */
export function toLocalInput(utc: string | undefined): string {
  if (utc === undefined) return '';
  const date = new Date(utc);
  if (Number.isNaN(date.getTime())) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function fromLocalInput(text: string): string | undefined {
  if (text === '') return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
