import { parseArgs } from "node:util";

/** What the demo was asked for. */
export interface DemoOptions {
  /** How long to change links; without it, until Ctrl-C. */
  readonly seconds: number | undefined;
  readonly ports: number;
  readonly seed: number;
}

/** The text of --help. */
export const USAGE = `npm start -- [--seconds N] [--ports N] [--seed N]

Runs portsyncd beside a private Redis and links in a private network namespace, changes the links all the time, and shows
whether STATE_DB follows. Nothing outside is touched; Ctrl-C ends it and cleans up.

  --seconds N   stop after N seconds (default: at Ctrl-C)
  --ports N     number of ports, 1 to 512 (default 32)
  --seed N      what changes when depends on this number only (default 1)
  --help        print this

Exits with 0 when in the end STATE_DB equals the kernel for all ports, with 1 when it does not.`;

/** The options, "help", or what is wrong with the arguments. */
export function parseDemoOptions(args: readonly string[]): DemoOptions | "help" | Error {
  const text = { type: "string" } as const;
  const options = { seconds: text, ports: text, seed: text, help: { type: "boolean", short: "h" } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) return "help";
    return {
      seconds: values.seconds === undefined ? undefined : number("seconds", values.seconds, 1, 1e6),
      ports: number("ports", values.ports ?? "32", 1, 512),
      seed: number("seed", values.seed ?? "1", 0, 2 ** 32 - 1),
    };
  } catch (error) {
    return error as Error;
  }
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: allowed is a whole number from ${least} to ${most}`);
}
