// Words of the pages of a point, of what a device keeps of itself, and of a session held again, in Russian. This file
// defines the set of keys.

import { number as num } from '../format/number';
import { plural } from '../i18n/lang';

const n = (value: number): string => num(value, 0, 'ru');
const counted = (value: number, one: string, few: string, many: string): string =>
  `${n(value)}\u00a0${plural(value, one, few, many)}`;

export const ru = {
  // The point
  device: 'Прибор',
  noDevice: 'Сейчас эту точку не обслуживает ни один прибор.',
  purpose: { commercial: 'коммерческий учёт', technological: 'технологический учёт' } as Record<string, string>,
  resource: 'Учёт',
  eventsOf: 'События прибора',
  settingsOf: 'Настройки прибора',
  daysInstead: 'Период длиннее года: показаны сутки.',
  joinShort: (serial: string) => `прибор ${serial}`,
  joinRow: (before: string, after: string) => `Замена прибора: было ${before}, стало ${after}. Ряд продолжается.`,
  abnormalNow: (words: string, length: string) => `НС: ${words}, ${length}`,

  // Compare
  compare: 'Сравнить',
  compareYear: 'С тем же периодом год назад',
  compareBefore: 'С предыдущим периодом',
  comparePoint: 'С другой точкой',
  comparePick: 'Выберите точку',
  compareNone: 'Других точек нет.',
  compareOff: 'Не сравнивать',
  compareTitle: 'Сравнение',
  compareHere: 'Здесь',
  compareBy: 'Разница',
  compareShare: 'Разница, %',
  compareNothing: 'У них нет общих величин.',
  before: 'раньше',
  compareEmpty: 'За этот период сравнивать не с чем: записей нет.',
  compareRows: (here: number, there: number, kind: string) =>
    `Сложены прочитанные интервалы: здесь ${n(here)}, там ${n(there)}${kind === 'hourly' ? ' часов' : ''}.`,

  // Totals
  totals: 'Интегратор и архив',
  totalsHint: 'Насколько вырос счётчик прибора между двумя его показаниями и сколько между ними набралось по архиву.',
  totalsNone: 'Показаний итогов за этот период меньше двух: архив сравнить не с чем.',
  colQuantity: 'Величина',
  colBegin: 'Показание в начале',
  colEnd: 'Показание в конце',
  colDifference: 'Разность показаний',
  colSum: 'Сумма архива',
  colOver: 'Расхождение',
  agrees: 'сходится',
  disagrees: 'не сходится',
  disagreesBy: (allowed: string) => `больше, чем объясняют округление и неполные часы на краях (до ${allowed})`,
  agreesWithin: (allowed: string) => `в пределах округления и неполных часов на краях (до ${allowed})`,
  unknownMissing: (missing: number) => `не сказать: между показаниями не прочитано ${counted(missing, 'интервал', 'интервала', 'интервалов')}`,
  readAt: (time: string) => `на ${time}`,

  // Files and copies
  takeOut: 'Выгрузить',
  asCsv: 'CSV для таблиц',
  asXlsx: 'Книга Excel (XLSX)',
  copySeen: 'Копировать как на экране',
  copyMachine: 'Копировать для программ',
  selected: (count: number, sum: string, mean: string, unit: string) => `Выбрано ${n(count)}: сумма ${sum} ${unit}, среднее ${mean} ${unit}`,
  takeOutHint: 'Показанный период, показанные столбцы.',
  columns: 'Столбцы',
  columnsShown: (shown: number, all: number) => `${n(shown)} из ${n(all)}`,
  allColumns: 'Все столбцы',

  // Provenance

  // Events of a device
  severityAny: 'Все',
  severity: 'Важность',
  find: 'Код или текст',
  since: 'С',
  until: 'По',
  eventsFiltered: 'По этому отбору событий нет.',

  // Settings
  settingsThen: 'Как было',
  snapshot: 'Снимок на',
  snapshotNow: 'последнее чтение',
  snapshotNone: 'До этого времени настройки не читали.',
  changes: 'Что менялось',
  changesNone: 'С первого чтения настройки не менялись.',
  was: 'Было',
  is: 'Стало',
  since2: 'С',
  differs: (count: number) => `Отличий от последнего чтения: ${n(count)}`,
  same: 'Как при последнем чтении.',
  nowIs: 'Теперь',
  change: 'Изменить…',
  whereReadWhere: 'Сеанс',
  orders: 'Изменения, которые просили сделать',
  ordersNone: 'Изменять ещё не просили.',

  // Control
  changing: (name: string) => `Изменить: ${name}`,
  newValue: 'Новое значение',
  newHint: 'Десятичный знак: запятая или точка.',
  why: 'Зачем',
  whyHint: 'Остаётся в журнале.',
  look: 'Проверить на приборе',
  looking: 'Читаем прибор: что он держит сейчас, примет ли новое значение. Ничего не пишем.',
  stepOne: 'Шаг 1 из 2. Что изменится',
  stepTwo: 'Шаг 2 из 2. Подтверждение',
  holdsNow: 'сейчас',
  willBe: 'будет',
  consequence: 'Прибор начнёт работать по-новому сразу после записи. Прежнее значение можно вернуть таким же изменением.',
  limitsHeld: 'Прибор проверил значение по своим пределам и согласен.',
  goOn: 'Дальше',
  typeToConfirm: (what: string) => `Наберите ${what}, чтобы записать`,
  serialIs: (serial: string) => `номер прибора ${serial}`,
  nameIs: (name: string) => `название прибора «${name}»`,
  write: (name: string) => `Записать в ${name}`,
  writing: 'Пишем и читаем обратно.',
  expires: (span: string) => `Подтвердить можно ещё ${span}.`,
  expired: 'Время на подтверждение вышло. Начните сначала.',
  readBack: 'Прочитано обратно',
  orderDone: 'Записано и прочитано обратно: прибор держит новое значение.',
  orderRefused: 'Не записано: прибор держит прежнее.',
  orderFailed: 'Прибор не ответил. Ничего не записано.',
  orderDiffers: 'Записано, но обратно читается другое. Нужен человек на месте.',
  orderUnknown: 'Связь оборвалась между записью и чтением. Прочитайте настройки, чтобы узнать, что прибор держит.',
  orderState: {
    asked: 'проверяется', shown: 'ждёт подтверждения', confirmed: 'пишется', done: 'сделано', refused: 'отказано', failed: 'не дозвонились',
    differs: 'читается другое', unknown: 'неизвестно',
  } as Record<string, string>,
  again: 'Сначала',
  needValue: 'Впишите новое значение.',
  needWhy: 'Напишите, зачем.',
  busyNow: 'Прибор сейчас читают. Повторите, когда сеанс кончится.',
  colOrder: 'Что',
  colWhy: 'Зачем',
  colWho: 'Кто',
  colBecame: 'Что вышло',
  session: (id: number) => `Сеанс ${id}`,

  // A session held again
  replay: 'Проиграть',
  replayTitle: 'Проиграть сеанс',
  replayHint: 'Драйвер ведёт этот же разговор с записанными байтами, без линии. Ничего не сохраняется.',
  replayOn: 'Версия драйвера',
  replayActive: 'та, что работает сейчас',
  replaying: 'Проигрываем',
  replaySame: (records: number) => `Всё так же: ${counted(records, 'запись', 'записи', 'записей')} из ${n(records)} до последнего знака.`,
  replayBy: (driver: string) => `Драйвер ${driver}`,
  replayDiffers: (count: number) => `Отличий: ${n(count)}`,
  replayOtherwise: 'Драйвер спрашивает иначе, чем тогда. Что ответил бы прибор, неизвестно.',
  replayValues: 'Значения, которые вышли другими',
  colStored: 'Сохранено',
  colGiven: 'Вышло',
  colArchive: 'Архив',
  colInterval: 'Начало',
  colColumn: 'Столбец',
};
