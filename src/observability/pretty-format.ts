/** What a line is made of. */
export type LineFields = Readonly<Record<string, unknown>>;

/** One line for people: time of day, level, message, then the fields as name=value; an error's stack on lines of its own. */
export function formatPretty(info: LineFields): string {
  const { level, message, timestamp, err, ...fields } = info;
  const time = String(timestamp).slice(11, 23);
  const words = [time, String(level).toUpperCase().padEnd(5), String(message)];
  for (const [name, value] of Object.entries(fields)) words.push(`${name}=${formatValue(value)}`);
  return [words.join(' '), ...formatError(err)].join('\n');
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

function formatError(err: unknown, title = 'error'): readonly string[] {
  if (err === undefined) return [];
  if (typeof err !== 'object' || err === null) return [`  ${title}: ${formatValue(err)}`];
  const { stack, message, code, cause } = err as LineFields;
  const text = String(stack ?? message).replaceAll('\n', '\n  ');
  const tag = code === undefined ? '' : ` [${formatValue(code)}]`;
  return [`  ${title}${tag}: ${text}`, ...formatError(cause, 'caused by')];
}
