/** What all is known of a metric before it has a value. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence for # HELP. */
  readonly help: string;
  /** What a value counts; "" for things and for 0 or 1. Timestamps are seconds since 1970. */
  readonly unit: "" | "seconds" | "bytes" | "points";
  /** The labels with all their values, each of which has a series from the first scrape on; none where they come up while it runs. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Whether it goes on over restarts: kept in the store, and without a value until that was read. */
  readonly persisted: boolean;
  /** The upper bounds of a histogram's buckets, rising, without infinity; [] for the others. */
  readonly buckets: readonly number[];
}

type Options = Partial<Pick<MetricDefinition, "unit" | "persisted">>;

function counter<const L extends MetricDefinition["labels"] = Record<never, never>>(
  help: string,
  labels: L = {} as L,
  { unit = "", persisted = false }: Options = {},
) {
  return { type: "counter", help, unit, labels, persisted, buckets: [] as readonly number[] } as const;
}

function gauge<const L extends MetricDefinition["labels"] = Record<never, never>>(
  help: string,
  labels: L = {} as L,
  { unit = "", persisted = false }: Options = {},
) {
  return { type: "gauge", help, unit, labels, persisted, buckets: [] as readonly number[] } as const;
}

function durations(help: string, buckets: readonly number[], persisted = false) {
  return { type: "histogram", help, unit: "seconds", labels: {}, persisted, buckets } as const;
}

const PERSISTED = { persisted: true } as const;
const PER_PORT = { port: [] } as const;
const PER_DATABASE = { database: ["CONFIG_DB", "APPL_DB", "STATE_DB"] } as const;
/** Of the alert rules, which may be those of the configuration, too. */
const PER_RULE = { rule: [], severity: [] } as const;

/** From tens of microseconds, which an event takes, to the minutes for which Redis may be away; 10 ms is max_latency_us. */
const LATENCY_BUCKETS = [
  0.000_025, 0.000_05, 0.000_075, 0.000_1, 0.000_15, 0.000_2, 0.000_3, 0.000_5, 0.000_75, 0.001, 0.001_5, 0.002_5,
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300,
];
const SYNC_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];
/** 10 s is max_stall_seconds. */
const DELAY_BUCKETS = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

const EVENTS = {
  portsyncd_events_processed_total: counter("Link messages of the kernel that were decoded and taken in."),
  portsyncd_events_failed_total: counter(
    "Link messages that could not be taken in: what could not be decoded, datagrams that were cut off, overruns.",
  ),
  portsyncd_event_latency_seconds: durations(
    "From the receipt of the link message that began a change of a port to the acknowledgement of its row by STATE_DB.",
    LATENCY_BUCKETS,
  ),
  portsyncd_netlink_connected: gauge("1 while link messages are taken from the kernel and it answers, else 0."),
  portsyncd_netlink_receive_buffer_bytes: gauge(
    "Room for queued messages that the kernel grants.",
    {},
    { unit: "bytes" },
  ),
  portsyncd_netlink_links: gauge("Links of the kernel that are known, be they ports or not."),
  portsyncd_netlink_datagrams_total: counter("Datagrams that were received, the useless ones too."),
  portsyncd_netlink_messages_total: counter("Messages that were received and understood, by what they say.", {
    type: ["newlink", "dellink", "other"],
  }),
  portsyncd_netlink_decode_errors_total: counter("Messages that were not understood, by what was wrong.", {
    reason: ["header", "length", "attribute", "name"],
  }),
  portsyncd_netlink_overruns_total: counter("Times that the kernel had no room to queue messages (ENOBUFS)."),
  portsyncd_netlink_truncated_datagrams_total: counter("Datagrams that were longer than the buffer."),
  portsyncd_netlink_foreign_datagrams_total: counter("Datagrams that were not of the kernel, and were ignored."),
  portsyncd_netlink_resyncs_total: counter(
    "Losses after which all links had to be read again, by what was wrong; several may have one reading in common.",
    {
      reason: ["overrun", "truncated", "malformed", "dump_interrupted", "dump_failed"],
    },
  ),
} as const;

const PUBLISHING = {
  portsyncd_publishes_total: counter("Changes of ports on their way to STATE_DB, by what became of them.", {
    result: ["set", "deleted", "unchanged", "refused", "lost"],
  }),
  portsyncd_queue_depth: gauge(
    "Ports whose latest state STATE_DB has not acknowledged: waiting, on their way or refused.",
  ),
  portsyncd_dirty_ports: gauge("Ports that wait for the next flush."),
  portsyncd_refused_ports: gauge("Ports whose row STATE_DB refused; they are tried again."),
  portsyncd_ports: gauge("Ports that are to be in STATE_DB."),
  portsyncd_ports_in_sync: gauge("Ports whose row in STATE_DB is what the kernel says, as far as is known."),
  portsyncd_port_init_pending_ports: gauge("Ports of CONFIG_DB that PortInitDone waits for."),
  portsyncd_port_init_done: gauge("1 once PortInitDone was sent to orchagent, else 0."),
  portsyncd_audits_total: counter("Comparisons of links, APPL_DB and STATE_DB, by how they ended.", {
    result: ["completed", "failed"],
  }),
  portsyncd_audit_repairs_total: counter(
    "Differences that audits found and repaired: links that no message told of, rows of APPL_DB that no notification told of, rows of STATE_DB that others changed.",
    { direction: ["from_kernel", "from_appl_db", "to_state_db"] },
  ),
  portsyncd_audit_leftovers_total: counter("Rows of ports without a netdev that audits deleted from STATE_DB."),
} as const;

const REDIS = {
  portsyncd_redis_connected: gauge("1 while all databases can be used, else 0."),
  portsyncd_redis_database_connected: gauge("1 while the database can be used, else 0.", PER_DATABASE),
  portsyncd_redis_reconnects_total: counter("Times that a database was there again after it was lost.", PER_DATABASE),
  portsyncd_redis_commands_total: counter("Commands that were answered.", PER_DATABASE),
  portsyncd_redis_latency_seconds: durations(
    "From the sending of a command, or of many at once, to the last answer.",
    LATENCY_BUCKETS,
  ),
} as const;

const STARTS = {
  portsyncd_starts_total: counter(
    "Starts of the daemon, by their kind.",
    { kind: ["cold", "warm", "adopt", "standalone"] },
    PERSISTED,
  ),
  portsyncd_cold_starts_total: counter("Cold starts, which take the ports down.", {}, PERSISTED),
  portsyncd_warm_restarts_total: counter("Warm starts.", {}, PERSISTED),
  portsyncd_last_warm_restart_timestamp_seconds: gauge(
    "When the last warm start was; 0 for never.",
    {},
    { unit: "seconds", persisted: true },
  ),
  portsyncd_eoiu_detected_total: counter("First dumps of all links that ended (EOIU).", {}, PERSISTED),
  portsyncd_eoiu_timeouts_total: counter("First dumps that did not end in time; the start went on.", {}, PERSISTED),
  portsyncd_last_eoiu_detection_timestamp_seconds: gauge(
    "When a first dump of all links ended last; 0 for never.",
    {},
    { unit: "seconds", persisted: true },
  ),
  portsyncd_initial_sync_duration_seconds: durations(
    "From the start of the daemon to the acknowledgement of all that the kernel had then; one observation a start.",
    SYNC_BUCKETS,
    true,
  ),
} as const;

const PORTS = {
  portsyncd_port_oper_up: gauge("1 when the port has carrier (IFF_RUNNING), else 0.", PER_PORT),
  portsyncd_port_admin_up: gauge("1 when the port is enabled (IFF_UP), else 0.", PER_PORT),
  portsyncd_port_mtu_bytes: gauge("The MTU of the port.", PER_PORT, { unit: "bytes" }),
  portsyncd_port_flaps_total: counter("Times that the port went down after it had been up.", PER_PORT, PERSISTED),
  portsyncd_port_last_change_timestamp_seconds: gauge(
    "When a change of the port was last acknowledged by STATE_DB; none before the first since the start.",
    PER_PORT,
    { unit: "seconds" },
  ),
} as const;

const STORE = {
  portsyncd_store_enabled: gauge("1 when the history is to be kept on disk, else 0."),
  portsyncd_store_degraded: gauge("1 while what is recorded does not reach the disk or no backup can be made, else 0."),
  portsyncd_store_faults_total: counter("Times that the store became degraded."),
  portsyncd_store_size_bytes: gauge("The database and its log on disk.", {}, { unit: "bytes" }),
  portsyncd_store_limit_bytes: gauge(
    "How large the database may become; the oldest history is deleted before.",
    {},
    { unit: "bytes" },
  ),
  portsyncd_store_queued_transitions: gauge("Changes of ports that are not known to be saved."),
  portsyncd_store_dropped_transitions_total: counter("Changes of ports that could not be saved and were given up."),
  portsyncd_store_lost_transitions_total: counter("Saved changes of ports that were lost to damage.", {}, PERSISTED),
  portsyncd_corruptions_detected_total: counter("Times that the store's file was damaged or missing.", {}, PERSISTED),
  portsyncd_state_recoveries_total: counter("Damaged files that a backup took the place of.", {}, PERSISTED),
  portsyncd_last_corruption_timestamp_seconds: gauge(
    "When the store's file was last found damaged; 0 for never.",
    {},
    { unit: "seconds", persisted: true },
  ),
  portsyncd_last_state_recovery_timestamp_seconds: gauge(
    "When a backup last took the place of a damaged file; 0 for never.",
    {},
    { unit: "seconds", persisted: true },
  ),
  portsyncd_backups_created_total: counter("Backups of the store that were made.", {}, PERSISTED),
  portsyncd_backups_cleaned_total: counter("Backups that were removed to make room for newer ones.", {}, PERSISTED),
  portsyncd_backup_due: gauge("1 while a backup is due and was not made, else 0."),
} as const;

/** The HTTP server and the admin socket. */
const PER_SERVER = { server: ["http", "admin"] } as const;

const SERVERS = {
  portsyncd_http_requests_total: counter("Requests that were answered, by the class of the answer's status.", {
    ...PER_SERVER,
    code: ["2xx", "4xx", "5xx"],
  }),
  portsyncd_http_malformed_requests_total: counter("Requests that could not be read as HTTP.", PER_SERVER),
  portsyncd_http_open_connections: gauge("Connections that are open.", PER_SERVER),
  portsyncd_http_connections_total: counter("Connections that were made, by whether there was room for them.", {
    ...PER_SERVER,
    result: ["accepted", "refused"],
  }),
  portsyncd_http_aborted_connections_total: counter("Connections that were closed before their end, by why.", {
    ...PER_SERVER,
    reason: ["evicted", "slow_request", "slow_answer"],
  }),
} as const;

const WATCH = {
  portsyncd_health_status: gauge("1 for healthy, 0.5 for degraded, 0 for unhealthy."),
  portsyncd_health_score: gauge("The health, from 0 to 100.", {}, { unit: "points" }),
  portsyncd_health_lost_points: gauge(
    "What each reason takes from the health score; 0 while it does not apply.",
    {
      reason: [
        "netlink_down",
        "redis_down",
        "event_loop_stalled",
        "ports_out_of_sync",
        "publish_failures",
        "event_failures",
        "port_init_stalled",
        "event_latency_high",
        "store_degraded",
        "http_failed",
      ],
    },
    { unit: "points" },
  ),
  portsyncd_alerts: gauge("Alerts in each state.", {
    ...PER_RULE,
    state: ["pending", "firing", "suppressed", "resolved"],
  }),
  portsyncd_alert_transitions_total: counter("Times that an alert of the rule came into the state.", {
    ...PER_RULE,
    state: ["inactive", "pending", "firing", "suppressed", "resolved"],
  }),
  portsyncd_notifications_total: counter(
    "Alerts of which receivers were told or were to be told, by what came of it; an attempt that failed is made again.",
    { receiver: ["alertmanager", "webhook"], result: ["delivered", "refused", "failed", "dropped"] },
  ),
  portsyncd_alert_firing_seconds_total: counter("How long alerts of the rule fired, all together.", PER_RULE, {
    unit: "seconds",
  }),
} as const;

const PROCESS = {
  portsyncd_build_info: gauge("1; the labels say what runs.", { version: [], bun: [] }),
  portsyncd_config_last_reload_successful: gauge("1 when the configuration was good when it was last read, else 0."),
  portsyncd_config_last_reload_success_timestamp_seconds: gauge(
    "When a good configuration was last read.",
    {},
    { unit: "seconds" },
  ),
  portsyncd_config_reloads_total: counter("Times that the configuration was read again, by how it was.", {
    result: ["success", "failure"],
  }),
  portsyncd_event_loop_delay_seconds: durations("By how much a timer of one second was late.", DELAY_BUCKETS),
  portsyncd_gc_collections_total: counter("Collections of garbage; those that follow each other closely count as one."),
  portsyncd_memory_bytes: gauge("Resident memory of the process.", {}, { unit: "bytes" }),
  process_cpu_seconds_total: counter("CPU time of the process, user and system.", {}, { unit: "seconds" }),
  process_open_fds: gauge("Open file descriptors."),
  process_max_fds: gauge("How many file descriptors may be open."),
  process_start_time_seconds: gauge("When the process was started.", {}, { unit: "seconds" }),
} as const;

/**
 * Every metric of the daemon: those that portsyncd's users know from its former life, and those beside them. There is none
 * of the pauses of garbage collection, which Bun does not tell of, nor of its heap: the numbers of node:process are no
 * measurement.
 */
export const METRICS = {
  ...EVENTS,
  ...PUBLISHING,
  ...REDIS,
  ...STARTS,
  ...PORTS,
  ...STORE,
  ...SERVERS,
  ...WATCH,
  ...PROCESS,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** The names of metrics of one type. */
export type MetricOf<Type extends MetricDefinition["type"]> = {
  [N in MetricName]: (typeof METRICS)[N]["type"] extends Type ? N : never;
}[MetricName];

/** The labels of a metric. */
export type LabelOf<Name extends MetricName> = keyof (typeof METRICS)[Name]["labels"] & string;

/** The names of metrics that have one series for each port. */
export type PortMetricName = keyof typeof PORTS;

/** All names, in the order in which they are shown. */
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
