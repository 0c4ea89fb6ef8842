// One question at a time: "really?", answered by a promise. `ConfirmHost` shows it.

export interface Question {
  title: string;
  text: string;
  confirm: string;
  cancel?: string;
  isDangerous?: boolean;
}

export const asked = $state<{ question: Question | null }>({ question: null });
let answerWaiting: ((yes: boolean) => void) | null = null;

export function ask(question: Question): Promise<boolean> {
  answerWaiting?.(false);
  asked.question = question;
  return new Promise((resolve) => {
    answerWaiting = resolve;
  });
}

export function answer(yes: boolean): void {
  asked.question = null;
  answerWaiting?.(yes);
  answerWaiting = null;
}
