// How the server's sentences about deeds that it refuses read in Russian: accounts, keys, tunnels, changes of a device. Pure.
// Refusals of drivers have codes of their own: lib/drivers/refusal.ts.
// The server keeps a list of them (host/src/api/tests/snapshots); a test here finds words for each.

import type { Reading } from './forms';

const MISSING: Readonly<Record<string, string>> = {
  account: 'Учётной записи', backup: 'Копии', caller: 'Звонящего', device: 'Прибора', group: 'Группы', key: 'Ключа', line: 'Линии', node: 'Узла', order: 'Изменения', point: 'Точки',
  record: 'Записи', series: 'Ряда', session: 'Сеанса', 'sign-in': 'Входа', site: 'Объекта', test: 'Проверки', version: 'Версии', organisation: 'Организации',
};
const FIELD: Readonly<Record<string, string>> = { name: 'Имя', vendor: 'Изготовитель', title: 'Название' };

export const DEEDS: readonly Reading[] = [
  [/^there is no (account|backup|caller|device|group|key|line|node|order|point|record|series|session|sign-in|site|test|version|organisation) "?([^" ]+)"?(?: that holds)?$/,
    ([, what, id]) => `${MISSING[what ?? ''] ?? what} ${id} нет`],
  [/^there is no (?:organisation|site|node) (\d+) to grant a role over$/, () => 'Места, на которое даётся роль, нет'],

  // Accounts and keys
  [/^name is "(.*)", expected 1 to (\d+) letters, /, ([, , most]) => `Имя для входа: от 1 до ${most} букв, цифр, точек, дефисов, подчёркиваний или @`],
  [/^(\S+) is "(.*)", expected 1 to (\d+) characters without control characters$/, ([, what = '', , most]) => `${FIELD[what] ?? what}: от 1 до ${most} знаков, без управляющих`],
  [/^address "(.*)", expected one such as (\S+) or (\S+)$/, ([, is, one, other]) => `Адрес «${is}»: ожидается, например, ${one} или ${other}`],
  [/^(\d+) addresses, at most (\d+) may be$/, ([, is, most]) => `Адресов ${is}, может быть до ${most}`],
  [/^(\d+) grants, at most (\d+) may be$/, ([, is, most]) => `Прав ${is}, может быть до ${most}`],
  [/^rights is empty, /, () => 'Ни одного права не выбрано'],
  [/^overlap_h is (\d+), expected 0 to (\d+)$/, ([, is, most]) => `Прежний ключ может действовать ещё от 0 до ${most} ч, указано ${is}`],
  [/^role vendor is over the drivers of a vendor, and no other role is$/, () => 'Роль изготовителя даётся на драйверы изготовителя, другие роли нет'],
  [/^role "(.*)", expected one of /, ([, is]) => `Роли ${is} нет`],
  [/^right "(.*)", expected one of /, ([, is]) => `Права ${is} нет`],
  [/^the account is one of a (\S+): it has no such thing$/, ([, kind]) => (kind === 'machine' ? 'У учётной записи программы такого нет' : 'У учётной записи человека такого нет')],
  [/^the new password is the old one$/, () => 'Новый пароль совпадает с прежним'],
  [/^the account has a second factor: remove it first$/, () => 'Второй фактор уже есть: сначала уберите его'],
  [/^"(.*)" is no public key, /, () => 'Это не открытый ключ. Нужны 56 знаков, как их печатает uzel key new'],
  [/^role "(.*)", expected read, configure or control$/, ([, is]) => `Роли ${is} у ключей нет`],
  [/^"(.*)" is no instant such as (\S+)$/, ([, is, like]) => `«${is}»: ожидается время, например ${like}`],

  // Reading, tunnels, lists
  [/^minutes is (\d+), expected 1 to (\d+)$/, ([, is, most]) => `Минут ${is}, может быть от 1 до ${most}`],
  [/^listen is "(.*)", expected ADDRESS:PORT such as (\S+)$/, ([, is, like]) => `«${is}»: ожидается адрес и порт, например ${like}`],
  [/^from is (\S+), to is (\S+): nothing lies between them$/, () => 'Начало не раньше конца: читать нечего'],
  [/^to without from$/, () => 'Указан конец без начала'],
  [/^nodes has (\d+) keys, expected 1 to (\d+)$/, ([, is, most]) => `Узлов ${is}, может быть от 1 до ${most}`],
  [/^to must be 1 to (\d+) characters without control characters, or null$/, ([, most]) => `Кому: от 1 до ${most} знаков`],
  [/^too many commands wait, at most (\d+) may$/, () => 'Слишком много заданий ждут своей очереди'],
  [/^too many exports are under way$/, () => 'Слишком много выгрузок сразу'],
  [/^too many live streams are open$/, () => 'Слишком много открытых страниц следят за сервером'],
  [/^too many wait for changes$/, () => 'Слишком многие ждут изменений'],
  [/^too many sign in at once$/, () => 'Слишком многие входят сразу'],
  [/^the collector has ended$/, () => 'Опрос уже остановлен'],
  [/^another session is being held again$/, () => 'Другой сеанс уже повторяется'],

  // Changes of a device
  [/^"(.*)": expected 1 to (\d+) bytes without control characters$/, ([, is, most]) => `«${is}»: от 1 до ${most} байт, без управляющих знаков`],
  [/^(\d+) arguments, at most (\d+) may be$/, ([, is, most]) => `Параметров ${is}, может быть до ${most}`],
  [/^driver (\S+) changes no settings: /, ([, driver]) => `Драйвер ${driver} ничего не меняет в приборе, или ему это не разрешено`],
  [/^order (\S+) is (\S+), only one that is shown can be confirmed$/, () => 'Это изменение уже не ждёт подтверждения'],
  [/^the token is not that of order \S+$/, () => 'Подтверждение не от этого изменения'],
  [/^order \S+ could be confirmed until (\S+): /, ([, until]) => `Подтвердить можно было до ${until}. Запросите снова: в приборе уже может быть другое`],
  [/^the same was written at (\S+), and is not within a minute: its memory wears out$/, ([, at]) => `То же записано в ${at}. Повторить можно через минуту: память прибора изнашивается`],
  [/^(\d+) orders were written to the device within a day, /, ([, count]) => `За сутки в прибор записано ${count} раз, больше нельзя: память прибора изнашивается`],
];
