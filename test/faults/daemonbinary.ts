import { builtBinary } from "../e2e/binary.ts";

/** The compiled daemon: $PORTSYNCD_BINARY, or dist/portsyncd, which is built when it is not up to date. */
export async function daemonBinary(): Promise<string> {
  return process.env["PORTSYNCD_BINARY"] || (await builtBinary());
}
