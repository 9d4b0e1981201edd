/** A sheet takes what begins so for a formula. */
const formula = /^[=+@\t\r]|^-(?![\d.]+$)/;

/** csv writes rows as a table for a sheet. */
export function csv(head: string[], rows: string[][]): string {
  const cell = (text: string) => {
    const safe = formula.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [head, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}

/** curl is a query as one would paste it into a shell. */
export const curl = (address: string): string =>
  `curl -H "Authorization: Bearer $IBUTSU_TOKEN" '${address.replaceAll("'", '%27')}'`;

export interface Order {
  field: string;
  down: boolean;
}

export const orderOf = (text: string | null): Order | null =>
  text ? { field: text.replace(/^-/, ''), down: text.startsWith('-') } : null;

export const orderText = (order: Order | null): string => (order ? (order.down ? '-' : '') + order.field : '');

/** What people look for the largest of first. */
const largest = /^(start_time|created|duration|summary\.)/;

/** turned is the order after a click on the head of a column: one way, the other way, and as it was. */
export function turned(order: Order | null, field: string): Order | null {
  const first = largest.test(field);
  if (order?.field !== field) return { field, down: first };
  return order.down === first ? { field, down: !first } : null;
}
