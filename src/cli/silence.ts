import { escapeControls } from "../log/escape.ts";
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
  const made = await client.post<"MadeSilence">("silences", wanted);
  const lines = [`silence ${formatSilence(made)}`];
  if (made.not_kept !== null) lines.push(escapeControls(`it is not kept over a restart: ${made.not_kept}`));
  await printText(options.json ? toJsonLine(made) : lines.join("\n"));
  return EXIT.ok;
}

/** Ends a silence. Throws Failure. */
export async function runUnsilence(client: AdminClient, { id, json }: UnsilenceOptions): Promise<ExitCode> {
  const silence = await client.delete<"Silence">(`silences/${encodeURIComponent(id)}`);
  await printText(json ? toJsonLine(silence) : `ended ${formatSilence(silence)}`);
  return EXIT.ok;
}
