import { fillPlaceholders } from "../alert/annotation.ts";
import { builtinRules } from "../alert/builtin.ts";
import { RULE_KEYS } from "../alert/rulekeys.ts";
import { CREDENTIAL_VARIABLES, EOIU_TIMEOUT_VARIABLE, LOG_LEVEL_VARIABLE } from "../config/environment.ts";
import { DEFAULT_CONFIG } from "../config/schema.ts";
import { EXIT, EXIT_MEANINGS } from "./exit.ts";
import {
  commandOf,
  COMMANDS,
  DEFAULT_CONFIG_FILE,
  formatOption,
  formatSynopsis,
  type OptionName,
  optionOf,
  PROGRAM,
  SUMMARY,
  WRITTEN_COMMANDS,
} from "./options.ts";

type Terms = readonly (readonly [string, string])[];

const DESCRIPTION = [
  `${PROGRAM} listens to the kernel's link events through rtnetlink and writes each port's state to PORT_TABLE of ` +
    "STATE_DB: state, netdev_oper_status, admin_status and mtu. " +
    "At the start it copies the ports of CONFIG_DB to APPL_DB, and tells when all of them have come up as interfaces.",
  "It is a drop-in replacement for the portsyncd of sonic-swss, and runs in the foreground under systemd or supervisord.",
  "An option of the command line wins over the environment, which wins over the configuration file.",
  "The name of a port is shown as text where its bytes are UTF-8; where they are not, each byte beyond ASCII is shown as /xNN. " +
    "So it is written, too, where a port is asked for.",
] as const;

const SIGNALS: Terms = [
  [
    "SIGTERM, SIGINT",
    "Stop reading, publish what is pending within [shutdown] timeout_secs, exit 0. A second one exits at once.",
  ],
  [
    "SIGHUP",
    "Read the configuration and the certificate of [http] again, each whatever comes of the other; what is wrong leaves the " +
      "old one as it is. What needs a restart is named in the log.",
  ],
];

const FILES: Terms = [
  [DEFAULT_CONFIG_FILE, "The configuration, in TOML; when it does not exist every key has its default."],
  ["/var/run/redis/sonic-db/database_config.json", "Where SONiC's databases are."],
  ["/var/run/redis/sonic-db/database_global.json", "The same for the namespaces of a multi-ASIC switch."],
  [
    DEFAULT_CONFIG.http.admin_socket,
    "Where the daemon is asked by status, alerts, silence, unsilence and trends, by root and by the group of the daemon.",
  ],
];

const ALERTS = [
  "The daemon looks at its metrics every five seconds and tells of what goes on for too long: in its log, to those who run " +
    `'${PROGRAM} alerts', to the Alertmanagers of [alerts] alertmanagers through their API v2, and to [alerts] webhooks in ` +
    "the format of Alertmanager's own. A receiver that cannot be reached, or answers 429 or 5xx, is told again, later and " +
    "later up to a minute; one that answers another 4xx, or with a redirection, has refused what it was told.",
  "An alert is of a rule of the daemon or of a table [[alerts.rules]] of the configuration. One with the id of a rule of the " +
    "daemon changes that rule: only keys with a star can be given then. --check-config says what is wrong with a rule.",
] as const;

const RULE_TERMS: Terms = Object.entries(RULE_KEYS).map(([name, { meaning, allowed, forBuiltin }]) => [
  `${name}${forBuiltin ? "*" : ""}`,
  `${meaning}; allowed: ${allowed}.`,
]);

const BUILTIN_TERMS: Terms = builtinRules({ maxLatencyUs: DEFAULT_CONFIG.performance.max_latency_us }).map((rule) => [
  rule.id,
  `${rule.severity}${rule.enabled ? "" : ", not enabled"}: ${fillPlaceholders(rule.action, (name) => name.toUpperCase())}`,
]);

const ENVIRONMENT: Terms = [
  [LOG_LEVEL_VARIABLE, "Overrides [log] level."],
  [EOIU_TIMEOUT_VARIABLE, "How long the first dump of links may hold up the start; default 10."],
  [
    Object.values(CREDENTIAL_VARIABLES).join(", "),
    "Override certificate, key and client_ca of [http]: files that prove who the HTTP server is, and its clients are.",
  ],
  ["NO_COLOR", "When set, the pretty log format has no colours."],
  ["JOURNAL_STREAM", "Set by systemd; with it the log format auto means journal."],
  ["NOTIFY_SOCKET, WATCHDOG_USEC", "Set by systemd; see sd_notify(3)."],
];

/** The man page portsyncd(8), in roff. */
export function formatMan(): string {
  return [
    `.TH ${PROGRAM.toUpperCase()} 8 "" "${PROGRAM}" "System Administration"`,
    ".SH NAME",
    `${escapeRoff(PROGRAM)} \\- ${escapeRoff(SUMMARY)}`,
    ".SH SYNOPSIS",
    formatSynopses(),
    ".SH DESCRIPTION",
    DESCRIPTION.map(escapeRoff).join("\n.PP\n"),
    ".SH COMMANDS",
    formatCommands(),
    ".SH OPTIONS",
    formatTerms(optionTerms(COMMANDS.daemon.options)),
    ".SH SIGNALS",
    formatTerms(SIGNALS),
    ".SH ALERTS",
    ALERTS.map(escapeRoff).join("\n.PP\n"),
    formatTerms(RULE_TERMS),
    ".PP",
    "The rules of the daemon, and what to do when one of them tells:",
    formatTerms(BUILTIN_TERMS),
    ".SH EXIT STATUS",
    formatTerms(exitTerms()),
    ".SH FILES",
    formatTerms(FILES),
    ".SH ENVIRONMENT",
    formatTerms(ENVIRONMENT),
    "",
  ].join("\n");
}

function formatSynopses(): string {
  return (["daemon", ...WRITTEN_COMMANDS] as const).map((name) => escapeRoff(formatSynopsis(name))).join("\n.br\n");
}

function formatCommands(): string {
  return WRITTEN_COMMANDS.map((name) => {
    const { meaning, operand, options } = commandOf(name);
    const own = optionTerms(options.filter((option) => option !== "help"));
    const term = operand === undefined ? name : `${name} ${operand.placeholder}`;
    const nested = own.length === 0 ? "" : `\n.RS\n${formatTerms(own)}\n.RE`;
    return formatTerms([[term, meaning]]) + nested;
  }).join("\n");
}

function optionTerms(names: readonly OptionName[]): Terms {
  return names.map((name) => [formatOption(name), optionOf(name).meaning]);
}

function exitTerms(): Terms {
  return Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as keyof typeof EXIT]]);
}

function formatTerms(terms: Terms): string {
  return terms.map(([term, meaning]) => `.TP\n.B ${escapeRoff(term)}\n${escapeRoff(meaning)}`).join("\n");
}

/** Text as roff prints it: a backslash and a plain hyphen are special anywhere, a dot or quote where a line starts. */
function escapeRoff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&");
}
