import { Daemon } from "../support/daemon.ts";
import { TempDir } from "../support/tempdir.ts";
import type { DemoOptions } from "./options.ts";

/** Where there are no links to be had: the daemon with simulated ones and no Redis, its log on stdout. Returns its exit code. */
export async function simulate(options: DemoOptions, ended: Promise<unknown>): Promise<number> {
  await using dir = new TempDir();
  const source = ["--source", `simulate:${options.ports}`, "--store", "memory", "--mode", "standalone"];
  await using daemon = await Daemon.start({
    directory: dir.path,
    args: [...source, "--log-level", "info"],
    onLine: (line) => console.log(line),
  });
  await Promise.race([ended, daemon.exited(2_000_000)]);
  const code = daemon.exitCode ?? (await daemon.stop());
  console.log(code === 0 ? "ok: the daemon ran with simulated links" : `failed: the daemon ended with ${code}`);
  return code;
}
