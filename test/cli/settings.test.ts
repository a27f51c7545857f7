import { describe, expect, test } from "bun:test";

import { readSettings } from "../../src/cli/settings.ts";
import { formatIssue } from "../../src/config/issue.ts";
import { TempDir } from "../support/tempdir.ts";

async function settingsOf(text: string, env: Record<string, string> = {}): Promise<ReturnType<typeof readSettings>> {
  await using dir = new TempDir();
  await Bun.write(dir.file("conf"), text);
  return readSettings({ action: "run", config: dir.file("conf") }, env);
}

describe("readSettings", () => {
  test("lets the environment name the files of [http], in place of the configuration's", async () => {
    const env = { PORTSYNCD_METRICS_CERT: "/env/c", PORTSYNCD_METRICS_KEY: "/env/k", PORTSYNCD_METRICS_CA: "/env/ca" };
    const text = '[http]\nlisten = ["0.0.0.0:1"]\ncertificate = "/file/c"\nkey = "/file/k"\n';
    expect((await settingsOf(text)).config?.http).toMatchObject({
      certificate: "/file/c",
      key: "/file/k",
      client_ca: "",
    });
    expect((await settingsOf(text, env)).config?.http).toMatchObject({
      listen: ["0.0.0.0:1"],
      certificate: "/env/c",
      key: "/env/k",
      client_ca: "/env/ca",
    });
  });

  test("judges the keys of [http] by what both say together", async () => {
    const text = '[http]\nlisten = ["0.0.0.0:1"]\nkey = "/file/k"\n';
    expect((await settingsOf(text, { PORTSYNCD_METRICS_CERT: "/env/c" })).issues).toBeUndefined();
    const { issues = [] } = await settingsOf(text);
    expect(issues.map((issue) => formatIssue(issue).replace(/^.*conf: /, ""))).toEqual([
      "http.certificate: is needed with http.key",
      'http.listen[0]: "0.0.0.0:1" can be reached by other machines, ' +
        "allowed with http.certificate and http.key, or with http.insecure = true",
    ]);
  });
});
