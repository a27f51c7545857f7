/** Whether a name can be a network namespace; it becomes a part of a path, so it holds no slash and is not `..`. */
export function isNamespace(name: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name);
}
