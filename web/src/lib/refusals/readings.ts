// How sentences of the server that people meet read in Russian; others are shown as they are. Pure.

import type { Lang } from '../i18n/lang';
import { DEEDS } from './deeds';
import { FORMS, first, type Reading } from './forms';

const KIND: Readonly<Record<string, string>> = {
  organisation: 'Организация', site: 'Объект', node: 'Узел', point: 'Точка', line: 'Линия', group: 'Группа', device: 'Прибор',
};
const kind = (word: string | undefined): string => KIND[word ?? ''] ?? word ?? '';
const OBJECT = '(organisation|site|node|point|line|group|device)';

const READINGS: readonly Reading[] = [
  [/^is missing$/, () => 'Не заполнено'],
  [/^is empty$/, () => 'Не заполнено'],
  [/^"([^"]+)" is not loaded, there are (.+)$/, ([, name, all]) => `Драйвера «${name}» нет, есть ${all}`],
  [/^(?:device|site|node|point|line|group|organisation) "?(.+?)"? is there already$/, ([, name]) => `Такое название уже есть: ${name}`],
  [/^(.+) is there already$/, ([, name]) => `Уже есть: ${name}`],
  [new RegExp(`^${OBJECT} "?(.+?)"? is there and is archived: restore it or choose another name$`), ([, what, name]) => `${kind(what)} «${name}» уже есть, в архиве: верните из архива или возьмите другое название`],
  [new RegExp(`^${OBJECT} "(.+)" is archived: restore it first$`), ([, what, name]) => `${kind(what)} «${name}» в архиве: сначала верните в работу`],
  [new RegExp(`^${OBJECT} "(.+)" is archived already$`), ([, what, name]) => `${kind(what)} «${name}» уже в архиве`],
  [new RegExp(`^${OBJECT} "(.+)" is in use already$`), ([, what, name]) => `${kind(what)} «${name}» уже в работе`],
  [/^line (\S+) belongs to "(.+)", which is archived$/, ([, address, name]) => `Адрес ${address} занят линией «${name}», она в архиве`],
  [/^line (\S+) belongs to "(.+)"$/, ([, address, name]) => `Адрес ${address} занят линией «${name}»`],
  [/^line (\S+) belongs to somebody else$/, ([, address]) => `Линия ${address} принадлежит другой организации`],
  [/^line "([^"]*)": expected (.+)$/, ([, line, want = '']) => `Линия «${line}»: ожидается ${want.replace(' or ', ' или ')}`],
  [/^(\S+) has not come yet, it is (\S+)$/, ([, at, now]) => `Время ${at} ещё не наступило, сейчас ${now}`],

  [/^an account has the name "(.+)" already$/, ([, name]) => `Учётная запись ${name} уже есть`],
  [/^it is the last account of a person that administers everything$/, () => 'Это последний, кто управляет всем'],
  [/^there is no second factor that this code confirms$/, () => 'Код не подошёл. Каждый код годен один раз: дождитесь следующего'],
  [/^the account has (\d+) keys that hold: end one of them first$/, ([, count]) => `У учётной записи действующих ключей: ${count}. Сначала отзовите один`],
  [/^this host runs without accounts$/, () => 'Сервер работает без учётных записей'],
  [/^device \d+ is not there or is disabled$/, () => 'Прибора нет, или он отключён'],
  [/^device \d+ is being read or waits for its line$/, () => 'Прибор читают, или он ждёт линии'],
  [/^session (\d+) does not run$/, ([, id]) => `Сеанс ${id} уже закончился`],
  [/^device \d+ has no tunnel$/, () => 'У прибора нет открытого туннеля'],
  [/^no port can be opened at (\S+) for a tunnel: (.+)$/, ([, at, why]) => `Порт ${at} для туннеля не открыть: ${why}`],
  [/^(\d+) connections are tried, which is the most at once: try again in a minute$/, ([, count]) => `Уже идут ${count} проверок связи, больше сразу нельзя. Повторите через минуту`],

  [/^the copy (\S+) is being made, one is made at a time$/, ([, file]) => `Копия уже делается: ${file}`],
  [/^the folder of backups (.+): (.+)$/, ([, folder, why]) => `Папка копий ${folder}: ${why}`],
  [/^the disk of (.+) has (\d+) bytes free, a copy needs about (\d+)$/, ([, at, free, need]) => `На диске ${at} свободно байт: ${free}. Копии нужно около ${need}`],

  // Webhooks: where they may lead, and what came of telling them
  [/^it is no address such as (\S+)$/, ([, like]) => `Это не адрес. Ждём такой: ${like}`],
  [/^it is not https, and webhooks\.insecure does not allow others$/, () => 'Адрес без шифрования. Нужен https; http разрешает только настройка сервера, ключ webhooks.insecure'],
  [/^it has a name or a password in it: what is sent is signed instead$/, () => 'В адресе имя или пароль. Уберите их: всё, что отправляется, подписано секретом'],
  [/^it leads to (\S+), which is not public, and webhooks\.networks does not name it$/, ([, ip]) => `Адрес ведёт во внутреннюю сеть, на ${ip}. Такие сети разрешает только настройка сервера, ключ webhooks.networks`],
  [/^(\S+) has no address$/, ([, name]) => `У имени ${name} нет адреса`],
  [/^it has (\d+) characters, expected 1 to (\d+) that can be seen$/, ([, is, most]) => `Знаков ${is}, нужно от 1 до ${most} видимых`],
  [/^there is a webhook "(.+)" already$/, ([, name]) => `Вебхук «${name}» уже есть. Назовите иначе`],
  [/^webhook \d+ is being tested already$/, () => 'Прошлая проверка ещё не отправлена'],
  [/^there are (\d+) webhooks, which is the most$/, ([, count]) => `Вебхуков уже ${count}, больше нельзя. Удалите ненужный`],
  [/^there is no webhook \d+$/, () => 'Этого вебхука больше нет'],
  [/^webhook \d+ has no delivery (\d+) that was given up$/, ([, id]) => `Отправка ${id} уже не числится недоставленной`],
  [/^it answers (\d+)\b.*, expected 2xx$/, ([, status]) => `Получатель ответил ${status}, ждём 2xx`],
];

/** What keeps an object from being archived, or from coming back. */
const WHAT: Readonly<Record<string, string>> = {
  'sites in use': 'объекты в работе', 'nodes in use': 'узлы в работе', 'devices in use': 'приборы в работе', 'devices that serve it': 'приборы, которые её обслуживают',
  'devices that are reached over it': 'приборы, которые по ней ходят', 'devices in it': 'приборы', 'archived things that it hangs on': 'то, на чём он держится, в архиве',
};

function inTheWay(sentence: string): string | null {
  const found = new RegExp(`^${OBJECT} "(.+?)" has (${Object.keys(WHAT).join('|')}): (.+?)(?: and (\\d+) more)?$`).exec(sentence);
  if (!found) return null;
  const [, what, name, how = '', names = '', more] = found;
  return `${kind(what)} «${name}», мешает: ${WHAT[how]}: ${names.replace(/"([^"]*)"/g, '«$1»')}${more ? ` и ещё ${more}` : ''}`;
}

/** Why a receiver was not reached: the words of the libraries on the way there, of which the last says what. */
const CONNECTION: readonly Reading[] = [
  [/it leads to (\S+), which is not public, and webhooks\.networks does not name it$/, ([, ip]) => `Имя получателя ведёт во внутреннюю сеть, на ${ip}. Такие сети разрешает только настройка сервера, ключ webhooks.networks`],
  [/Connection refused/, () => 'Получатель не принимает соединений'],
  [/dns error|failed to lookup|has no address$/, () => 'У имени получателя нет адреса'],
  [/certificate/i, () => 'Сертификат получателя не подходит'],
  [/No route to host|Network is unreachable/, () => 'До получателя нет пути'],
  [/timed out/, () => 'Получатель не ответил вовремя'],
  [/connection closed|Connection reset|IncompleteMessage/, () => 'Получатель закрыл соединение, не ответив'],
];

function connection(sentence: string): string | null {
  return sentence.startsWith('error sending request') ? first(CONNECTION, sentence) : null;
}

export function reading(sentence: string, lang: Lang): string {
  if (lang !== 'ru') return sentence;
  return first(READINGS, sentence) ?? first(FORMS, sentence) ?? first(DEEDS, sentence) ?? inTheWay(sentence) ?? connection(sentence) ?? sentence;
}

/** Whether it stayed as the server says it, in English. */
export const isForeign = (sentence: string, lang: Lang): boolean => lang === 'ru' && reading(sentence, lang) === sentence;
