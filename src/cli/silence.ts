import type { Response } from "../http/v1/schema.ts";
import { toJsonLine } from "../util/jsonline.ts";
import type { AdminClient } from "./adminclient.ts";
import type { SilenceOptions, UnsilenceOptions } from "./adminoptions.ts";
import { formatSilence } from "./alerts.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printText } from "./output.ts";

/** Makes a silence and prints its id. Throws Failure. */
export async function runSilence(client: AdminClient, options: SilenceOptions): Promise<ExitCode> {
  const { rule, severity, port, reason, seconds } = options;
  const wanted = { rule, severity, port, reason, expires_in_secs: seconds };
  return tell(await client.post<"Silence">("silences", wanted), "silence", options.json);
}

/** Ends a silence. Throws Failure. */
export async function runUnsilence(client: AdminClient, { id, json }: UnsilenceOptions): Promise<ExitCode> {
  return tell(await client.delete<"Silence">(`silences/${encodeURIComponent(id)}`), "ended", json);
}

async function tell(silence: Response<"Silence">, what: string, json: boolean): Promise<ExitCode> {
  await printText(json ? toJsonLine(silence) : `${what} ${formatSilence(silence)}`);
  return EXIT.ok;
}
