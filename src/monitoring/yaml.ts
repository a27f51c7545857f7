import { stringify } from "yaml";

/** YAML of plain data, under lines of comment. Texts are not broken into lines: they can be searched for. */
export function toYaml(comment: readonly string[], data: unknown): string {
  const head = comment.map((line) => `# ${line}`.trimEnd()).join("\n");
  return `${head}\n${stringify(data, { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" })}`;
}
