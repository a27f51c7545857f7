import { formatHealth, type Health } from "../health/health.ts";
import type { Notifier } from "../systemd/notify.ts";

/** The longest text of `systemctl status`; a reason may name many ports. */
const MOST_CHARACTERS = 500;

/** What the status line tells. */
export interface StatusLineFacts {
  readonly isConnected: boolean;
  readonly published: number;
  /** Ports that PortInitDone waits for. */
  readonly pending: number;
  /** Undefined until it is of use: while the start goes on the daemon is not expected to be well. */
  readonly health: Health | undefined;
}

/** The line of `systemctl status`: what the daemon does and, when it is not well, why. */
export class StatusLine {
  readonly #notifier: Pick<Notifier, "status">;
  readonly #facts: () => StatusLineFacts;
  /** What the daemon does, where that does not follow from the facts. */
  #state: string | undefined;
  #told: string | undefined;

  constructor(notifier: Pick<Notifier, "status">, facts: () => StatusLineFacts) {
    this.#notifier = notifier;
    this.#facts = facts;
  }

  /** Tells the line; `state` is what the daemon does from now on, if that does not follow from the facts. */
  tell(state?: string): void {
    this.#state = state;
    const line = (this.#told = formatStatusLine(this.#facts(), state));
    this.#notifier.status(line);
  }

  /** Tells the line anew if it is another one by now: ports come and go, and how long the daemon is not well must not be as of its begin. */
  renew(): void {
    const isTold = this.#told === undefined || this.#told === formatStatusLine(this.#facts(), this.#state);
    if (!isTold) this.tell(this.#state);
  }
}

/** What a status line says: `running: 32 ports published, PortInitDone waits for 2; degraded, 90 of 100: ...`. */
export function formatStatusLine({ isConnected, published, pending, health }: StatusLineFacts, state?: string): string {
  const now = state ?? (isConnected ? "running" : "waiting for Redis");
  const waiting = pending > 0 ? `, PortInitDone waits for ${pending}` : "";
  const unwell = health && !isWell(health) ? `; ${formatHealth(health)}` : "";
  const line = `${now}: ${published} ports published${waiting}${unwell}`;
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 3)}...` : line;
}

function isWell(health: Health | undefined): boolean {
  return health === undefined || health.status === "healthy";
}
