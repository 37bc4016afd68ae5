/** What went wrong with a request, as the API says it (RFC 9457), or why there was no answer at all. */
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

export class ApiProblem extends Error {
  /** 0 where no answer came. */
  readonly status: number;
  readonly detail: string;
  readonly remedy: string;
  /** Seconds to wait before trying again, where the server says so. */
  readonly retryAfter: number | null;

  constructor(status: number, title: string, detail = "", remedy = "", retryAfter: number | null = null) {
    super(detail || title);
    this.name = "ApiProblem";
    this.status = status;
    this.detail = detail || title;
    this.remedy = remedy;
    this.retryAfter = retryAfter;
  }
}

/** The problem in an answer that isn't a success; `body` is what could be read of it. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const told = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const wait = Number(response.headers.get("Retry-After"));
  return new ApiProblem(
    response.status,
    told.title ?? response.statusText,
    told.detail,
    told.remedy,
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, error instanceof Error ? error.message : String(error));
}
