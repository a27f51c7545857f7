/** The exit codes, of sysexits.h. */
export const EXIT = {
  ok: 0,
  usage: 64,
  dataErr: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  osErr: 71,
  ioErr: 74,
  noPerm: 77,
  config: 78,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code means, for the man page. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "Success, also after SIGTERM and SIGINT.",
  usage: "The command line is wrong.",
  dataErr: "The input of a replay is damaged.",
  noInput: "The input of a replay cannot be opened.",
  unavailable: "Redis did not come within the configured time, or no daemon answers at the admin socket.",
  software: "A bug in portsyncd.",
  osErr: "The netlink socket cannot be opened or failed for good.",
  ioErr: "Output cannot be written.",
  noPerm: "A permission is missing.",
  config: "The configuration is wrong.",
};
