/** Names of databases, tables, keys and fields, as sonic-swss-common's schema.h and the daemons' neighbours spell them. */
export const APPL_DB = "APPL_DB";
export const CONFIG_DB = "CONFIG_DB";
export const STATE_DB = "STATE_DB";

/** The databases that portsyncd uses. */
export type DatabaseName = typeof APPL_DB | typeof CONFIG_DB | typeof STATE_DB;

/** CONFIG_DB: the ports of the switch. */
export const CFG_PORT_TABLE = "PORT";
/** CONFIG_DB: what kind of switch this is. */
export const CFG_DEVICE_METADATA_TABLE = "DEVICE_METADATA";
export const DEVICE_METADATA_LOCALHOST = "localhost";
export const SWITCH_TYPE = "switch_type";
export const SWITCH_TYPE_DPU = "dpu";
/** CONFIG_DB: log level and output of each daemon. */
export const CFG_LOGGER_TABLE = "LOGGER";
export const LOGLEVEL = "LOGLEVEL";
export const LOGOUTPUT = "LOGOUTPUT";

/** APPL_DB: ports as orchagent makes them. */
export const APP_PORT_TABLE = "PORT_TABLE";
export const PORT_CONFIG_DONE = "PortConfigDone";
export const PORT_CONFIG_DONE_COUNT = "count";
export const PORT_INIT_DONE = "PortInitDone";
export const PORT_INIT_DONE_LANES = "lanes";
export const ADMIN_STATUS = "admin_status";

/** STATE_DB: ports as the kernel has them. */
export const STATE_PORT_TABLE = "PORT_TABLE";
export const STATE = "state";
export const STATE_OK = "ok";
export const NETDEV_OPER_STATUS = "netdev_oper_status";
export const MTU = "mtu";
export const UP = "up";
export const DOWN = "down";

/** STATE_DB: who is to start warm, and who did. */
export const STATE_WARM_RESTART_ENABLE_TABLE = "WARM_RESTART_ENABLE_TABLE";
export const STATE_WARM_RESTART_TABLE = "WARM_RESTART_TABLE";
export const WARM_RESTART_ENABLE = "enable";
export const RESTORE_COUNT = "restore_count";
/** The scopes that a warm start can be enabled for. */
export const WARM_RESTART_SYSTEM = "system";
export const WARM_RESTART_SWSS = "swss";

/** The name under which the neighbours know this daemon. */
export const PORTSYNCD = "portsyncd";
