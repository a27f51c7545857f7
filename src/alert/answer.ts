/** What came of telling a receiver. */
export type Answer =
  | { readonly kind: "delivered" }
  /** It does not want it, and would not a second time. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may want it later: no earlier than in `waitMs` where it said so. */
  | { readonly kind: "failed"; readonly reason: string; readonly waitMs?: number };

/** The longest time for which a receiver may ask to be left alone. */
const LONGEST_WAIT_MS = 300_000;

/** How long to wait by the header Retry-After, in seconds or as a date; undefined where it says nothing useful. */
function parseRetryAfter(text: string | undefined, nowWallMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowWallMs;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, ms));
}

/** What the status of an HTTP answer means, with the beginning of its text: only 429 and 5xx are worth another attempt. */
export function judgeStatus(status: number, text: string, retryAfter: string | undefined, nowWallMs: number): Answer {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const said = text.trim();
  const reason = `HTTP status ${status}${said === "" ? "" : `: ${said}`}`;
  if (status >= 300 && status < 400) return { kind: "refused", reason: `${reason} (a redirection is not followed)` };
  if (status !== 429 && status < 500) return { kind: "refused", reason };
  const waitMs = parseRetryAfter(retryAfter, nowWallMs);
  return { kind: "failed", reason, ...(waitMs !== undefined && { waitMs }) };
}
