/** Something that happens at a time, to a name; what `value` means depends on the kind. */
export interface Operation {
  readonly atMs: number;
  /** One of OPERATIONS. */
  readonly kind: string;
  readonly name: string;
  readonly other: string;
  readonly value: number;
}

/** How everything is at the beginning, and what does not change. */
export interface Settings {
  /** True when others may change what is ours; then audits run, else never. */
  readonly audited: boolean;
  readonly auditMs: number;
  readonly restart: "contract" | "adopt";
  readonly mode: "sonic" | "standalone";
  readonly switchType: string;
  readonly warm: boolean;
  /** Which server has APPL_DB, CONFIG_DB and STATE_DB. */
  readonly layout: readonly [number, number, number];
  readonly notifies: boolean;
  readonly tellsConfig: boolean;
  /** Datagrams that a group member has room for, links in a datagram of a dump, datagrams that are read in a turn. */
  readonly room: number;
  readonly chunk: number;
  readonly dumpsByPosition: boolean;
  readonly budget: number;
  readonly eoiuMs: number;
  readonly answerMs: number;
  /** The longest time until orchagent takes a row. */
  readonly popMs: number;
  /** Ports of CONFIG_DB, netdevs that are there, rows that orchagent has taken, rows that STATE_DB has from before. */
  readonly ports: readonly string[];
  readonly netdevs: readonly string[];
  readonly rows: readonly string[];
  readonly published: readonly string[];
  /** Netdevs that are no ports, for longer dumps. */
  readonly extraNetdevs: number;
  /** True when orchagent makes the netdevs of ports that it took and that have none. */
  readonly creates: boolean;
}

/** All that a run depends on. */
export interface Plan {
  readonly seed: number;
  readonly settings: Settings;
  readonly operations: readonly Operation[];
}
