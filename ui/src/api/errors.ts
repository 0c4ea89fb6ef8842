// Errors as the relay words them, and what to show when it could not be asked.

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** Message per form field, named as in the request, such as `host`. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds until another try makes sense; null when not said. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Reads `{"error": {...}}`; falls back to the status when the body is something else. */
export function parseError(status: number, text: string): ApiError {
  let error: Record<string, unknown> = {};
  try {
    error = record(record(JSON.parse(text)).error);
  } catch {
    // Not JSON, for example a proxy's page: the status says what is known.
  }
  const fields: Record<string, string> = {};
  for (const [name, message] of Object.entries(record(error.fields))) {
    // `link.host` and `host` name the same input.
    if (typeof message === 'string') fields[name.replace(/^link\./, '')] = message;
  }
  const message = typeof error.message === 'string' ? error.message : `airelay answered with HTTP ${status}.`;
  const retryAfterS = typeof error.retry_after_s === 'number' ? error.retry_after_s : null;
  const code = typeof error.code === 'string' ? error.code : `http_${status}`;
  return new ApiError(status, code, message, fields, retryAfterS);
}

export async function readError(response: Response): Promise<ApiError> {
  let text = '';
  try {
    text = await response.text();
  } catch {
    // The connection broke while the error was read: the status is all there is.
  }
  return parseError(response.status, text);
}

/** Words for any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function fieldsOf(error: unknown): Readonly<Record<string, string>> {
  return error instanceof ApiError ? error.fields : {};
}
