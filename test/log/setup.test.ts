import { afterEach, describe, expect, test } from "bun:test";

import { LOG_LEVELS, priorityOf } from "../../src/log/level.ts";
import { getLog } from "../../src/log/logger.ts";
import { type Logging, type LoggingOptions, setupLogging } from "../../src/log/setup.ts";
import type { LogStream } from "../../src/log/stream.ts";

class Lines implements LogStream {
  text = "";
  isTty = false;
  inode = undefined;
  isOpen = true;
  readonly write = (text: string): boolean => {
    if (this.isOpen) this.text += text;
    return this.isOpen;
  };
  take(): string {
    const text = this.text;
    this.text = "";
    return text;
  }
}

let logging: Logging | undefined;
const log = getLog("linksync");

function setup(options: Partial<LoggingOptions> = {}): { stderr: Lines; stdout: Lines; logging: Logging } {
  const stderr = new Lines();
  const stdout = new Lines();
  logging = setupLogging({ format: "journal", level: "notice", env: {}, stderr, stdout, ...options });
  return { stderr, stdout, logging };
}

function isColored(isTty: boolean, env: Record<string, string>): boolean {
  const stderr = new Lines();
  stderr.isTty = isTty;
  setup({ format: "pretty", stderr, env });
  log.notice("x");
  return stderr.text.includes("\x1b[");
}

afterEach(() => {
  logging?.[Symbol.dispose]();
  logging = undefined;
});

describe("getLog", () => {
  test("prints nothing before the logging is set up, and nothing after it was disposed", () => {
    log.emerg("before");
    const { stderr, logging } = setup();
    log.notice("during");
    logging[Symbol.dispose]();
    log.emerg("after");
    expect(stderr.text).toBe("<5>linksync: during\n");
  });

  for (const level of LOG_LEVELS)
    test(`lets ${level} and what is more severe through when that is the level`, () => {
      const { stderr } = setup({ level });
      for (const each of LOG_LEVELS) log[each]("x");
      const expected = LOG_LEVELS.slice(0, priorityOf(level) + 1).map((each) => `<${priorityOf(each)}>linksync: x\n`);
      expect(stderr.text).toBe(expected.join(""));
    });

  test("keeps emerg, alert and crit apart, with and without properties", () => {
    const { stderr } = setup({ format: "json" });
    log.emerg("a {b}", { b: 1 });
    log.alert("a");
    log.crit("a", { b: 2 });
    const records = stderr.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ level, properties }) => [level, properties])).toEqual([
      ["emerg", { b: 1 }],
      ["alert", {}],
      ["crit", { b: 2 }],
    ]);
  });

  test("fills the placeholders with escaped values and takes doubled braces for one", () => {
    const { stderr } = setup();
    log.notice("port {port} of {count}", { port: "a\n<0>b", count: 2 });
    log.notice("port {port}", {});
    log.notice("{{}}");
    expect(stderr.text).toBe('<5>linksync: port "a\\x0a<0>b" of 2\n<5>linksync: port -\n<5>linksync: {}\n');
  });

  test("does not read the properties when the level is off", () => {
    setup({ level: "notice" });
    const properties = {
      get port(): string {
        throw new Error("read");
      },
    };
    log.debug("port {port}", properties);
    log.info("port {port}", properties);
  });

  test("shares one threshold among all categories", () => {
    const { stderr, logging } = setup();
    const other = getLog("audit");
    logging.setLevel("info");
    other.info("x");
    expect(stderr.text).toBe("<6>audit: x\n");
  });
});

describe("setupLogging", () => {
  test("follows a change of the level with the next message", () => {
    const { stderr, logging } = setup();
    log.info("1");
    logging.setLevel("info");
    log.info("2");
    logging.setLevel("error");
    log.notice("3");
    expect(stderr.text).toBe("<6>linksync: 2\n");
    expect(logging.current()).toEqual({ level: "error", output: "SYSLOG", format: "journal" });
  });

  test("follows a change of the output and comes back to the configured format", () => {
    const { stderr, stdout, logging } = setup();
    log.notice("1");
    logging.setOutput("STDERR");
    log.notice("2");
    logging.setOutput("STDOUT");
    log.warn("3");
    logging.setOutput("SYSLOG");
    log.notice("4");
    expect(stderr.text).toBe("<5>linksync: 1\nNOTICE:- linksync: 2\n<5>linksync: 4\n");
    expect(stdout.text).toBe("  WARN:- linksync: 3\n");
  });

  test("follows a change of the format, but not while the output is another", () => {
    const { stderr, stdout, logging } = setup({ output: "STDOUT" });
    logging.setFormat("json");
    log.notice("1");
    logging.setOutput("SYSLOG");
    log.notice("2");
    expect(stdout.text).toBe("NOTICE:- linksync: 1\n");
    expect(JSON.parse(stderr.text)).toMatchObject({ message: "2", category: "linksync" });
  });

  test("sends datagrams to syslog, and lines to stderr while nobody takes them", () => {
    const sent: string[] = [];
    let isUp = true;
    const syslogSend = (bytes: Uint8Array): boolean => {
      if (isUp) sent.push(new TextDecoder().decode(bytes));
      return isUp;
    };
    const { stderr, logging } = setup({ format: "auto", syslogSend, hasSyslogSocket: true });
    expect(logging.current().format).toBe("syslog");
    log.notice("é {name}", { name: "1" });
    isUp = false;
    log.error("2");
    isUp = true;
    log.notice("3");
    expect(sent.map((line) => line.replace(/>.{15} /, "> "))).toEqual([
      "<13> portsyncd: :- linksync: é 1",
      "<13> portsyncd: :- linksync: 3",
    ]);
    expect(stderr.text).toBe("ERROR :- linksync: 2\n");
    expect(logging.lostCount()).toBe(0);
  });

  test("takes plain lines for auto where no syslog sender or no socket is", () => {
    expect(setup({ format: "auto" }).logging.current().format).toBe("plain");
    expect(setup({ format: "auto", hasSyslogSocket: true }).logging.current().format).toBe("plain");
    const without = setup({ format: "auto", syslogSend: () => true, hasSyslogSocket: false });
    expect(without.logging.current().format).toBe("plain");
  });

  test("has colours on a terminal only, and none with NO_COLOR", () => {
    expect([isColored(true, {}), isColored(true, { NO_COLOR: "1" }), isColored(false, {})]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("counts what no reader took, goes on and says how much was lost", () => {
    const { stderr, logging } = setup();
    stderr.isOpen = false;
    log.notice("1");
    log.notice("2");
    stderr.isOpen = true;
    log.notice("3");
    log.notice("4");
    const said = "<5>linksync: 3\n<4>log: 2 lines could not be written\n<5>linksync: 4\n";
    expect([stderr.take(), logging.lostCount()]).toEqual([said, 2]);
  });

  test("replaces the logging before it", () => {
    const first = setup();
    const second = setup();
    log.notice("x");
    expect([first.stderr.text, second.stderr.text]).toEqual(["", "<5>linksync: x\n"]);
  });
});
