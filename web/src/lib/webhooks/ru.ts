// Words of the pages of webhooks in Russian. This file defines the set of keys.

import { number as num } from '../format/number';
import { plural } from '../i18n/lang';

const n = (value: number): string => num(value, 0, 'ru');
const counted = (value: number, one: string, few: string, many: string): string => `${n(value)}\u00a0${plural(value, one, few, many)}`;

export const ru = {
  title: 'Вебхуки',
  tell: 'Программы, которым сервер сам сообщает о новом: по порядку, с подписью, с повторами, пока не примут.',
  none: 'Вебхуков ещё нет. Добавьте программу, которой нужно знать о новом.',
  add: 'Добавить вебхук…',
  count: (count: number) => counted(count, 'вебхук', 'вебхука', 'вебхуков'),
  notThere: 'Такого вебхука нет: возможно, его удалили.',

  colState: 'Состояние',
  colName: 'Куда',
  colKinds: 'О чём',
  colWaiting: 'Ждёт',
  colDead: 'Не доставлено',
  colLast: 'Последняя отправка',
  standing: {
    disabled: 'Отключён', failing: 'Не принимает', dead: 'Есть недоставленные', quiet: 'Ещё нечего передать', works: 'Принимает',
  },
  missed: (count: number) => `пропущено событий: ${n(count)}`,
  kind: { record: 'записи', session: 'сеансы', node: 'состояние узлов', control: 'управление' } as Record<string, string>,

  createdAt: 'Создан',
  kinds: 'О чём',
  waiting: 'Ждёт отправки',
  dead: 'Не доставлено',
  missedFact: 'Пропущено событий',
  missedTell: 'События удалены, не дождавшись получателя: он не отвечал слишком долго. Записи не пропадают, их можно взять из ленты изменений.',
  audit: 'что с ним делали',

  edit: 'Изменить…',
  test: 'Проверить',
  testAsked: 'Проверка отправлена',
  testAskedTell: 'Ответ получателя появится первым в списке отправок.',
  testFailed: 'Проверка не отправлена',
  testTell: 'без записей и событий',
  rotate: 'Новый секрет…',
  disable: 'Отключить…',
  enable: 'Включить',
  remove: 'Удалить…',

  // Making and changing
  addTitle: 'Новый вебхук',
  editTitle: 'Правка вебхука',
  name: 'Название',
  nameHint: 'Что за программа. Должно быть единственным.',
  nameWrong: 'Напишите от 1 до 100 знаков.',
  url: 'Адрес',
  urlHint: 'Начинается с https:// и ведёт в интернет. Внутренние сети, эта машина и http закрыты, пока их не разрешит настройка сервера.',
  allows: (insecure: boolean, networks: readonly string[]) =>
    [`Сейчас она ${insecure ? 'разрешает http' : 'не разрешает http'}`, networks.length > 0 ? `внутренние сети: ${networks.join(', ')}` : 'внутренние сети не разрешены'].join('; ') + '.',
  urlWrong: {
    form: 'Это не адрес. Ждём такой: https://erp.example/uzel.',
    password: 'В адресе имя или пароль. Уберите их: всё, что отправляется, подписано секретом.',
    clear: 'Нужен https: http настройка сервера не разрешает (webhooks.insecure).',
    inside: 'Адрес ведёт во внутреннюю сеть, а настройка сервера таких не разрешает (webhooks.networks).',
  },
  kindsLabel: 'О чём сообщать',
  kindTell: {
    record: 'новые архивные записи и новые версии записей, целиком', session: 'закончился сеанс связи', node: 'узел учёта сменил состояние', control: 'закончилось управление прибором',
  } as Record<string, string>,
  kindsWrong: 'Отметьте хотя бы одно.',
  kindsHint: 'О том, что добавлено, сообщим с этого времени. Вебхук слышит обо всех объектах.',
  make: 'Создать',
  save: 'Сохранить',
  saved: 'Сохранено',
  made: (name: string) => `Вебхук «${name}» создан`,

  secretTitle: 'Секрет вебхука',
  secretTell: 'Впишите его в программу-получатель. Им подписано всё, что к ней приходит: заголовок X-Uzel-Signature.',
  askRotate: (name: string) => `Новый секрет для «${name}»?`,
  tellRotate: 'Прежний секрет сразу перестанет подписывать. Пока получатель не узнает новый, он будет отвергать отправки; они повторятся около трёх часов.',
  goRotate: 'Заменить секрет',
  rotated: 'Секрет заменён',

  askDisable: (name: string) => `Отключить «${name}»?`,
  tellDisable: 'О том, что случится, пока вебхук отключён, он не узнает и потом: после включения начнёт с нового.',
  tellWaiting: (count: number) => `Уже собранное дойдёт: ${counted(count, 'отправка', 'отправки', 'отправок')}.`,
  goDisable: 'Отключить',
  isDisabled: (name: string) => `Вебхук «${name}» отключён`,
  isEnabled: (name: string) => `Вебхук «${name}» включён`,

  askRemove: (name: string) => `Удалить «${name}»?`,
  tellRemove: 'Вебхук исчезнет вместе с секретом и всеми отправками. Вернуть их нельзя.',
  tellLost: (waiting: number, dead: number) => `Не дойдут: ждут ${n(waiting)}, не доставлены ${n(dead)}.`,
  typeName: (name: string) => `Чтобы удалить, напишите: ${name}`,
  goRemove: 'Удалить вебхук',
  isRemoved: (name: string) => `Вебхук «${name}» удалён`,

  // Deliveries
  deliveries: 'Отправки',
  deliveriesTell: 'Видны 200 последних принятых, 1 000 последних недоставленных и всё, что ждёт.',
  deliveriesNone: 'Отправок ещё нет: ничего не случилось с тех пор, как вебхук создан.',
  deliveriesNoneSuch: 'Таких отправок нет.',
  which: 'Какие отправки',
  whichWord: { all: 'Все', pending: 'Ждут', done: 'Принятые', dead: 'Недоставленные' },
  colWhat: 'Что',
  colTries: 'Попыток',
  colAnswer: 'Ответ получателя',
  colNext: 'Когда',
  stage: { waits: 'Ждёт', repeats: 'Повторяется', done: 'Принята', dead: 'Не доставлена', again: 'Идёт ещё раз' },
  content: { records: 'Записи', events: 'События', test: 'Проверка' } as Record<string, string>,
  keys: (first: number, last: number) => (first === last ? `ключ ${first}` : `ключи ${first}–${last}`),
  delivery: (id: number) => `№ ${id}`,
  notSent: 'ещё не отправлялась',
  took: (status: number) => `принял, ${status}`,
  nextIn: (left: string) => `повтор через ${left}`,
  now: 'сейчас',
  madeAt: (at: string) => `собрана ${at}`,
  ended: (at: string) => `закончена ${at}`,
  again: 'Повторить',
  againWhich: (id: number) => `Повторить отправку № ${id}`,
  againAsked: (id: number) => `Отправка № ${id} пойдёт ещё раз`,
  againFailed: (id: number) => `Отправка № ${id} не пошла`,
  news: (count: number) => `Новых: ${n(count)}, показать`,
  showMore: 'Показать ещё',
};
