import type { TurnBudget } from "../rtnetlink/intake.ts";

/** How a reconciler works. */
export interface ReconcilerOptions {
  readonly mode: "sonic" | "standalone";
  /** Publish what is there and do nothing else: no ports for orchagent, no old interfaces, no start is counted. */
  readonly once: boolean;
  readonly restart: "contract" | "adopt";
  /** True for the name of a port where CONFIG_DB names none (standalone). */
  readonly matchesPattern: (name: string) => boolean;
  /** Room for queued netlink messages that the kernel is asked for, in bytes. */
  readonly receiveBufferBytes: number;
  /** Read anew in each turn. */
  readonly budget: TurnBudget;
  /** Between two audits, in milliseconds. */
  readonly auditMs: number;
  /** How long the first dump may hold up the start, in milliseconds. */
  readonly eoiuMs: number;
}
