// A file to begin with: the columns that most lists need and two rows of example.

const ROWS = [
  ['name', 'model', 'serial', 'line', 'line_name', 'organisation', 'site', 'address', 'zone', 'node', 'point', 'schedule', 'config'],
  ['Мира 15а, отопление', 'СПТ943', '00123', 'tcp:10.0.0.7:4001', 'Мира 15а', 'Теплосеть', 'Мира 15а', 'ул. Мира, 15а', 'Europe/Moscow', 'ИТП 1', 'Отопление', 'every 60m: clock current hourly daily', 'address=1'],
  ['Лесная 10, отопление', 'ВКТ-7', '', 'tcp:10.0.0.8:4001', 'Лесная 10', 'Теплосеть', 'Лесная 10', 'ул. Лесная, 10', 'Europe/Moscow', 'ИТП 1', 'Отопление', '', 'address=0'],
];
const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/** With a mark of the encoding, by which spreadsheets know it. */
export const TEMPLATE = `\uFEFF${ROWS.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
