import type { DatabaseName } from "../../src/swss/schema.ts";
import type { Coverage } from "./coverage.ts";
import type { Kernel } from "./kernel.ts";
import type { Keyspace } from "./keyspace.ts";
import type { Plan } from "./scenario.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Server } from "./server.ts";
import type { Violation } from "./violation.ts";

/** The switch around the daemon, as its parts see it. */
export interface Site {
  readonly plan: Plan;
  readonly coverage: Coverage;
  readonly scheduler: Scheduler;
  readonly kernel: Kernel;
  serverOf(database: DatabaseName): Server;
  keyspace(database: DatabaseName): Keyspace;
  /** True for the name of a port. */
  isPort(name: string): boolean;
  /** Notes what must never be; the first one counts. */
  violate(violation: Violation): void;
  /** Says what happened, to somebody who looks. */
  tell(what: () => string): void;
  /** Runs a command of another client; false when the server does not serve or refuses. */
  asClient(database: DatabaseName, command: readonly string[]): boolean;
  /** True when there is such a hash. */
  hasRow(database: DatabaseName, key: string): boolean;
}
