/** RFC 9457 problem details, as every error answer carries them. `instance` is the request's id. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
}

/** What went wrong with a request. Status 0 means that no answer arrived at all. */
export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    /** Seconds after which the server asks to be tried again. */
    readonly retryAfter?: number,
  ) {
    super(problem.detail ?? problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  /** Whether the same request may succeed later, unchanged. */
  get isTransient(): boolean {
    if (this.problem.type === "urn:onefold:problem:conflict") return true; // too many changes at once
    if (this.status === 507) return false; // no room: somebody has to make some
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** The id under which the server's log has the request. */
  get requestId(): string | undefined {
    return this.problem.instance?.replace(/^urn:onefold:request:/, "");
  }

  static unreachable(): ApiError {
    return new ApiError({
      type: "about:blank",
      title: "The server cannot be reached",
      status: 0,
      detail: "Check that Onefold is running and that you are connected; nothing that was stored is lost.",
    });
  }

  /** Reads an error answer; an answer that is not problem JSON (a proxy's page) still gives a sentence. */
  static from(status: number, body: string, retryAfterHeader: string | null): ApiError {
    const retryAfter = Number(retryAfterHeader ?? NaN);
    return new ApiError(parse(status, body), Number.isFinite(retryAfter) ? retryAfter : undefined);
  }
}

function parse(status: number, body: string): Problem {
  try {
    const problem = JSON.parse(body) as Partial<Problem>;
    if (typeof problem?.title === "string") return { type: "about:blank", status, ...problem } as Problem;
  } catch {
    // Falls through to the sentence below.
  }
  const title = status >= 500 ? "The server had a problem" : "The request was refused";
  return { type: "about:blank", title, status, detail: `${title} (status ${status}). Try again in a moment.` };
}

/** Any thrown value as an ApiError, so that views have one shape to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError) return ApiError.unreachable(); // what fetch throws when no answer comes
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiError({ type: "about:blank", title: "Something went wrong", status: -1, detail });
}
