/** A test file and the beginning of a test's name in it, or why there is no test. */
export type Coverage = readonly [file: string, test: string] | { readonly none: string };

const COLD = "test/contract/coldstart.test.ts";
const INIT = "test/contract/portinitdone.test.ts";
const ACK = "test/contract/acknowledgement.test.ts";
const OLD = "test/contract/oldnetdev.test.ts";
const LINKS = "test/contract/links.test.ts";
const MESSAGE = "test/contract/linkmessage.test.ts";
const ADMISSION = "test/contract/admission.test.ts";
const NAME = "test/contract/portname.test.ts";
const WARM = "test/contract/warmstart.test.ts";
const LOGGER = "test/contract/logger.test.ts";
const DATABASES = "test/contract/databases.test.ts";
const PROCESS = "test/contract/process.test.ts";
const OVERRUN = "test/contract/overrun.test.ts";
const PORTSET = "test/port/portset.test.ts";
const TABLE = "test/swss/table.test.ts";
const WARM_UNIT = "test/swss/warmstart.test.ts";
const DBCONFIG = "test/swss/dbconfig.test.ts";

/** Which test fails when a numbered rule of the contract is broken. */
export const RULES: Readonly<Record<number, readonly Coverage[]>> = {
  1: [[LOGGER, "followLogger makes LOGGER|portsyncd when it is missing"]],
  2: [{ none: "free: the command line is this daemon's own; supervisord starts it without arguments" }],
  3: [
    [PROCESS, "RedisUnavailableError ends the daemon with 69"],
    { none: "no Lua file of swss-common is needed: the one script is this daemon's own (rule 39)" },
  ],
  4: [
    [OLD, "Daemon on a dpu leaves old netdevs up"],
    [OLD, "Daemon takes switch_type"],
    [COLD, "readSwitchType takes a DEVICE_METADATA of the wrong type"],
  ],
  5: [[WARM, "Daemon starts warm"]],
  6: [[OLD, "LinkSync publishes a PortChannel that is older than a cold start"]],
  7: [
    [COLD, "pushPortConfig leaves key set, temporary hashes and one announcement a row"],
    [COLD, "pushPortConfig pushes PortConfigDone after every port"],
    [COLD, "parseRow cuts field names at the first @ or NUL"],
    [COLD, "pushPortConfig with no ports says count 0"],
    [COLD, "readPortConfig is the only look at CONFIG_DB PORT"],
  ],
  8: [
    [INIT, "PortSet does not wait for ports whose APPL_DB row has an admin_status"],
    [INIT, "PortSet is done at once when every row has an admin_status"],
    [OLD, "Daemon on a dpu leaves old netdevs up"],
    [OLD, "LinkSync ignores a netdev that is older than a cold start"],
    [OLD, "Daemon brings down old netdevs named Ethernet*"],
  ],
  9: [{ none: "free: Bun's event loop takes the place of select, with several datagrams a turn" }],
  10: [
    [MESSAGE, "decodeLink drops a message without a name"],
    [MESSAGE, "LinkSync takes flags and MTU from what a bridge says"],
    [MESSAGE, "LinkSync publishes MTU 0 where a message has none"],
  ],
  11: [
    [LINKS, "LinkSync takes Ethernet* and PortChannel* for ports"],
    [NAME, "LinkSync publishes and deletes a name with"],
  ],
  12: [
    [LINKS, "LinkSync takes IFF_RUNNING for oper, not IFF_LOWER_UP"],
    [MESSAGE, "LinkSync takes IFF_RUNNING alone for oper"],
  ],
  13: [
    [MESSAGE, "LinkSync publishes a member of a LAG as any port"],
    { none: "free: fewer NOTICE lines than two an event" },
  ],
  14: [[MESSAGE, "LinkSync ignores the master of a LAG"]],
  15: [
    [MESSAGE, "LinkSync deletes nothing at a DELLINK with a master"],
    [LINKS, "LinkSync goes on publishing members of a bridge"],
  ],
  16: [
    [OLD, "LinkSync ignores a netdev that is older than a cold start"],
    [OLD, "LinkSync takes a new ifindex under the name of an old netdev"],
    [OLD, "LinkSync goes on ignoring an old netdev under a new name"],
  ],
  17: [
    [LINKS, "Publisher leaves other writers' fields alone until the netdev goes"],
    [LINKS, "LinkSync deletes the row of a port that ends as a member of a bridge"],
  ],
  18: [
    [ADMISSION, "Admission lets nothing be written of a netdev without a row"],
    [ADMISSION, "Admission has nothing published of a row without a netdev"],
  ],
  19: [
    [LINKS, "LinkSync publishes IFF_UP, IFF_RUNNING and the MTU"],
    [LINKS, "Publisher writes one HSET with the four fields in order"],
  ],
  20: [[LINKS, "LinkSync moves the row of a renamed port"]],
  21: [
    [INIT, "PortSet sends PortInitDone once, lanes 0, after the HSET of every port"],
    [INIT, "PortSet sends PortInitDone once a process"],
  ],
  22: [[WARM, "Daemon starts warm"]],
  23: [
    [INIT, "PortSet waits for ports that can never be published"],
    [INIT, "PortSet counts a port that was published and is gone again"],
    [WARM, "PortSet waits in a warm start for every port of CONFIG_DB"],
  ],
  24: [
    [PROCESS, "Daemon exits 0 after"],
    [PROCESS, "Daemon leaves its rows when it ends"],
  ],
  25: [
    [PROCESS, "RedisUnavailableError ends the daemon with 69"],
    [PROCESS, "DatabaseConfigError ends the daemon with 78"],
  ],
  26: [
    [PROCESS, "Daemon outlives the loss of Redis"],
    [ADMISSION, "Admission takes an APPL_DB row of the wrong type for none"],
  ],
  27: [
    [DATABASES, "Daemon publishes every port again when Redis is back empty"],
    [DATABASES, "Publisher writes back what STATE_DB has lost"],
  ],
  28: [[ACK, "PortSet sends PortInitDone when APPL_DB is back"]],
  29: [[OLD, "Daemon needs no program on the PATH"]],
  30: [
    [DATABASES, "Daemon makes keys, channel and notifications from database_config.json"],
    [TABLE, "tableKey makes"],
  ],
  31: [
    [COLD, "parseRow cuts field names at the first @ or NUL"],
    [TABLE, "Table.hget cuts the value at its first @"],
  ],
  32: [[LINKS, "Publisher writes one HSET with the four fields in order"]],
  33: [
    [COLD, "pushPortConfig pushes PortConfigDone after every port"],
    [ACK, "PortSet waits for the acknowledgement of every HSET"],
  ],
  34: [
    [COLD, "pushPortConfig leaves key set, temporary hashes and one announcement a row"],
    [DATABASES, "Daemon makes keys, channel and notifications from database_config.json"],
  ],
  35: [
    [COLD, "ProducerStateTable sends the row as one script call"],
    [COLD, "ProducerStateTable merges with what is pending"],
  ],
  36: [{ none: "ProducerStateTable::del is not used by portsyncd" }],
  37: [{ none: "the other scripts of swss-common are never run by portsyncd" }],
  38: [[COLD, "ProducerStateTable hands the rows to a ConsumerStateTable"]],
  39: [
    [COLD, "ProducerStateTable survives a SCRIPT FLUSH"],
    [COLD, "ProducerStateTable merges with what is pending"],
  ],
  40: [[COLD, "ProducerStateTable sends the row as one script call"]],
  41: [[COLD, "Daemon writes no key of its own into any database"]],
  42: [
    [WARM, "checkWarmStart starts ${kind}"],
    [WARM, "checkWarmStart warns when it falls back"],
    [WARM_UNIT, "parseUnsigned takes"],
  ],
  43: [
    [WARM, "Daemon starts warm"],
    [WARM, "checkWarmStart leaves an old state field"],
  ],
  44: [[WARM, "Publisher writes all four fields after a start"]],
  45: [[COLD, "Daemon writes no key of its own into any database"]],
  46: [
    [PROCESS, "DatabaseConfigError ends the daemon with 78"],
    [DBCONFIG, "readDatabaseConfig refuses"],
  ],
  47: [[DBCONFIG, "readDatabaseConfig takes the socket when there is one"]],
  48: [
    [DATABASES, "Daemon takes a port through its life"],
    [DATABASES, "Daemon makes keys, channel and notifications from database_config.json"],
  ],
  49: [[DBCONFIG, "namespaceDatabaseConfig finds the file of a namespace"]],
  50: [{ none: "supervisord's side; that the snapshot comes before orchagent hears of the ports is rule 8" }],
  51: [{ none: "supervisord's side; that the daemon does not exit unasked is rule 24" }],
  52: [[PROCESS, "portsyncd is the name of the compiled binary's process"]],
  53: [[OVERRUN, "LinkMonitor says what receive buffer the kernel granted"]],
  54: [[OVERRUN, "LinkMonitor says what receive buffer the kernel granted"]],
  55: [[OVERRUN, "LinkMonitor reads all links again when the kernel dropped messages"]],
  56: [[OVERRUN, "LinkMonitor reads all links again when the kernel dropped messages"]],
  57: [[LOGGER, "followLogger follows the output"]],
  58: [
    [LOGGER, "followLogger makes LOGGER|portsyncd when it is missing"],
    [LOGGER, "followLogger sets the level at the start and follows it at run time"],
    [LOGGER, "followLogger answers a level that is none"],
    [LOGGER, "followLogger answers an output that is none"],
  ],
};

/** The same for section 9 of the contract, by the words of its sentences. */
export const SECTION_9: Readonly<Record<string, readonly Coverage[]>> = {
  "rules 7, 31: values are binary-safe; field names end at the first @ or NUL": [
    [COLD, "parseRow cuts field names at the first @ or NUL"],
  ],
  "PORT| pushes the key with the empty name": [[COLD, "readPortConfig takes PORT| for the port with the empty name"]],
  "PORT|Ethernet0|x is a port and counts": [[COLD, "readPortConfig takes PORT|Ethernet0|x for a port"]],
  "a name with a NUL is logged and skipped": [[COLD, "readPortConfig skips a name with a NUL"]],
  "a PORT key of the wrong type is logged and skipped": [[COLD, "readPortConfig skips a PORT key of the wrong type"]],
  "a DEVICE_METADATA key of the wrong type is logged and skipped": [
    [COLD, "readSwitchType takes a DEVICE_METADATA of the wrong type"],
  ],
  "rule 8a: the mere presence of admin_status counts": [
    [INIT, "PortSet does not wait for ports whose APPL_DB row has an admin_status, even an empty one"],
  ],
  "rule 10: joining and leaving a bridge": [[LINKS, "LinkSync goes on publishing members of a bridge"]],
  "rule 18: a port whose APPL_DB row goes away freezes": [[ADMISSION, "Admission freezes a port whose row went away"]],
  "rules 21, 33: every HSET is acknowledged before PortInitDone": [
    [ACK, "PortSet waits for the acknowledgement of every HSET"],
  ],
  "rule 26: a wrong-typed APPL_DB row": [[ADMISSION, "Admission takes an APPL_DB row of the wrong type for none"]],
  "rule 27: after Redis is lost": [[PROCESS, "Daemon outlives the loss of Redis"]],
  "rule 39: PUBLISH only when the key was not pending": [[COLD, "ProducerStateTable merges with what is pending"]],
  "rule 42: true@x, restore_count as stoul reads it": [
    [WARM, "checkWarmStart starts ${kind}"],
    [WARM_UNIT, "decideWarmStart starts ${warm"],
  ],
  "rule 42: a cold start leaves an old state field": [[WARM, "checkWarmStart leaves an old state field"]],
  "rule 56: a dump after the queue was drained": [
    [OVERRUN, "LinkMonitor reads all links again when the kernel dropped messages"],
  ],
  "a port that leaves the namespace and returns keeps its ifindex": [
    [LINKS, "LinkSync publishes a port that left the namespace and returned"],
    [OLD, "LinkSync forgets an old netdev that left the namespace"],
  ],
  "a cold restart alone takes old netdevs down": [
    [INIT, "PortSet is done at once when every row has an admin_status"],
    { none: 'restart = "adopt" is not offered yet' },
  ],
  "no key of our own": [[COLD, "Daemon writes no key of its own into any database"]],
};

/** What the contract leaves free and this daemon does better. */
export const IMPROVEMENTS: Readonly<Record<string, readonly Coverage[]>> = {
  "PortInitDone without a further netlink message": [
    [INIT, "PortSet needs no further netlink message for PortInitDone"],
  ],
  "the ports that block PortInitDone are named": [[PORTSET, "PortSet names the ports that block PortInitDone"]],
  "a row that appears later": [[ADMISSION, "Admission has a port published as soon as its row appears"]],
  "ifindex-checked DELLINK": [
    [MESSAGE, "LinkSync deletes a row only for the ifindex"],
    [LINKS, "LinkSync keeps the row of a name that another netdev has taken over"],
  ],
  "no DEL of names never published": [[LINKS, "Publisher never deletes what it never published"]],
  "a rename removes the old key": [[LINKS, "LinkSync moves the row of a renamed port"]],
  "unchanged states are not rewritten": [
    [LINKS, "Publisher writes one HSET with the four fields in order, and nothing"],
  ],
  "a DEL survives coalescing": [[LINKS, "Publisher keeps the DEL of a port that is made anew in the same turn"]],
  "one bad STATE_DB key holds up nobody": [[LINKS, "Publisher holds up no port for one whose STATE_DB key"]],
  "links go down without a child process": [[OLD, "Daemon needs no program on the PATH"]],
  "what is pending is published at SIGTERM": [[PROCESS, "Daemon exits 0 after"]],
  "a second signal ends at once": [[PROCESS, "Daemon ends at once with"]],
  "all links are read again after a loss": [
    [OVERRUN, "LinkMonitor reads all links again when the kernel dropped messages"],
  ],
};
