import { quoteString } from "../log/escape.ts";
import type { ConfigIssue } from "./issue.ts";
import type { Config } from "./schema.ts";
import { parseSocketAddress } from "./socketaddress.ts";

/**
 * What the keys of [http] get wrong together. To be asked once the environment has had its say, so no longer with lines;
 * `source` is the file.
 */
export function findHttpIssues(http: Config["http"], source: string): ConfigIssue[] {
  const { listen, insecure, certificate, key, client_ca } = http;
  const issues: ConfigIssue[] = [];
  const add = (name: string, message: string): void => void issues.push({ source, key: `http.${name}`, message });
  if (certificate && !key) add("key", "is needed with http.certificate");
  if (key && !certificate) add("certificate", "is needed with http.key");
  if (client_ca && !certificate)
    add("certificate", "is needed with http.client_ca: without TLS nobody has a certificate");
  for (const [i, text] of listen.entries()) {
    const name = `listen[${i}]`;
    if (listen.indexOf(text) < i) add(name, `${quoteString(text)} is there twice`);
    if (parseSocketAddress(text)!.isLoopback || certificate || insecure) continue;
    const remedy = "allowed with http.certificate and http.key, or with http.insecure = true";
    add(name, `${quoteString(text)} can be reached by other machines, ${remedy}`);
  }
  return issues;
}
