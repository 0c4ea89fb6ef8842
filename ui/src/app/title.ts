// The number of alarms that nobody here has seen, before the title of whatever page is shown.

const COUNT = /^\(\d+\+?\) /;

/** "(3) Alarms – airelay". */
export function titleWith(title: string, unseen: number): string {
  const plain = title.replace(COUNT, '');
  return unseen === 0 ? plain : `(${unseen > 99 ? '99+' : unseen}) ${plain}`;
}

/** Keeps the number before the title while pages change it; returns how to stop. */
export function countInTitle(unseen: number): () => void {
  const put = () => {
    const wanted = titleWith(document.title, unseen);
    if (document.title !== wanted) document.title = wanted;
  };
  put();
  const observer = new MutationObserver(put);
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}
