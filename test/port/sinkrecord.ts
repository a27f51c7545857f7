import type { PortSink } from "../../src/port/linksync.ts";
import type { PortState } from "../../src/port/state.ts";

/** Notes what LinkSync says, as `set Ethernet0 up/down 1500`, `remove Ethernet0` and `freeze Ethernet0`. */
export class SinkRecord implements PortSink {
  readonly said: string[] = [];
  /** What a reader of STATE_DB would see. */
  readonly rows = new Map<string, PortState>();

  set(name: string, state: PortState): void {
    this.rows.set(name, state);
    this.said.push(`set ${name} ${state.admin ? "up" : "down"}/${state.oper ? "up" : "down"} ${state.mtu}`);
  }

  remove(name: string): void {
    this.rows.delete(name);
    this.said.push(`remove ${name}`);
  }

  freeze(name: string): void {
    this.said.push(`freeze ${name}`);
  }

  /** What was said since the last call. */
  take(): string[] {
    return this.said.splice(0);
  }
}
