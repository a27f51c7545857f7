import { SystemError } from "../../ffi/libc.ts";
import { RedisUnavailableError } from "../swss/arrival.ts";
import { DatabaseConfigError } from "../swss/dbconfig.ts";
import { EXIT, type ExitCode } from "./exit.ts";

/** An end that the operator is told of, with its exit code. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

/** The failure that an error means to the operator; undefined for a bug. */
export function toFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof RedisUnavailableError) return new Failure(EXIT.unavailable, error.message);
  if (error instanceof DatabaseConfigError) return new Failure(EXIT.config, error.message);
  if (!(error instanceof SystemError)) return undefined;
  const denied = error.code === "EPERM" || error.code === "EACCES";
  return new Failure(denied ? EXIT.noPerm : EXIT.osErr, error.message);
}
