// What a password for these pages must be, as airelay asks for it. Pure, so that it can be tested.

const MIN_CHARS = 10;

/** What is wrong with a new password, if anything. */
export function passwordError(password: string): string | undefined {
  return [...password].length < MIN_CHARS ? `At least ${MIN_CHARS} characters.` : undefined;
}
