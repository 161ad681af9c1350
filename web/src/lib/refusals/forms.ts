// How the server's sentences about what stands in a form, or in a row of a table, read in Russian. Pure.
// The server keeps a list of them (host/src/api/tests/snapshots); a test here finds words for each.

export type Reading = readonly [RegExp, (found: readonly string[]) => string];

/** The first reading that fits; null: there is none. */
export function first(readings: readonly Reading[], sentence: string): string | null {
  for (const [pattern, say] of readings) {
    const found = pattern.exec(sentence);
    if (found) return say(found);
  }
  return null;
}

/** `from 1 to 9`, `from 1`, `up to 9` or nothing. */
const range = (text = ''): string => text.replace(/ from (\S+)/, ' от $1').replace(/ (?:up )?to (\S+)/, ' до $1');

/** The list of tasks as the server ends it. */
const tasks = (all = ''): string => all.replace(' or an archive kind', ' или вид архива');

const VALUE: readonly Reading[] = [
  [/^is (.+), expected a whole number(.*)$/, ([, is, bounds]) => `${is}, ожидается целое число${range(bounds)}`],
  [/^is (.+), expected a list of whole numbers(.*)$/, ([, is, bounds]) => `${is}, ожидается список целых чисел${range(bounds)}`],
  [/^is (.+), expected true or false$/, ([, is]) => `${is}, ожидается true или false`],
  [/^is (.+), expected one of (.+)$/, ([, is, all]) => `${is}, ожидается одно из: ${all}`],
  [/^is (.+), expected text$/, ([, is]) => `${is}, ожидается текст`],
  [/^has (\d+) characters, expected(.*)$/, ([, is, bounds]) => `знаков ${is}, ожидается${range(bounds)}`],
];

const SCHEDULE: readonly Reading[] = [
  [/^(\d+) minutes, expected 1 to (\d+)$/, ([, is, most]) => `${is} мин, может быть от 1 до ${most}`],
  [/^(\d+) fields of a calendar expression, expected 5$/, ([, is]) => `в календарном выражении полей ${is}, ожидается 5`],
  [/^(\d+) entries, 1 to (\d+) may be$/, ([, is, most]) => `записей ${is}, может быть от 1 до ${most}`],
  [/ value must be in range (\d+)\.\.=(\d+); found (\d+)$/, ([, least, most, is]) => `${is} на месте, где может быть от ${least} до ${most}`],
  [/^nothing would be read$/, () => 'не сказано, что читать'],
  [/^within must be (\S+) to (\S+)$/, ([, least, most]) => `после within может быть от ${least} до ${most}`],
  [/^within needs a time such as (.+)$/, ([, like]) => `после within нужен срок, например ${like}`],
  [/^every needs a time such as (\S+) or (\S+)$/, ([, one, other]) => `после every нужен срок, например ${one} или ${other}`],
  [/^its time stands twice$/, () => 'это время указано дважды'],
  [/^there is no `:` after its time$/, () => 'после времени нет двоеточия'],
  [/^"(.*)" is no task, expected (.+)$/, ([, is]) => `читать «${is}» нельзя`],
];

const POLICY: readonly Reading[] = [
  [/^the words are others$/, () => 'не разобрать'],
  [/^(beyond|within|every) is (\S+), (\S+) to (\S+) may be$/, ([, name, is, least, most]) => `${name}: ${is}, может быть от ${least} до ${most}`],
  [/^beyond is not less than within: nothing would be set$/, () => 'beyond должно быть меньше within, иначе часы не поправить'],
];

const isPart = (sentence: string): string => first(SCHEDULE, sentence) ?? first(POLICY, sentence) ?? 'не разобрать';

export const FORMS: readonly Reading[] = [
  // What is kept of a driver's
  [/^key "([^"]+)" is not known to driver (\S+), it has (.*)$/, ([, key, driver, all]) => `Ключа ${key} у драйвера ${driver} нет${all ? `, есть ${all}` : ''}`],
  [/^key "([^"]+)" is missing: /, ([, key]) => `${key}: не заполнено`],
  [/^key "([^"]+)": (.+)$/, ([, key, why = '']) => `${key}: ${first(VALUE, why) ?? why}`],
  [/^is a text, expected an object of keys$/, () => 'Нужны ключи и значения, а не текст'],
  [/^is no JSON object$/, () => 'Нужны ключи и значения'],
  [/^"(.*)": expected KEY=VALUE$/, ([, is]) => `«${is}»: ожидается КЛЮЧ=ЗНАЧЕНИЕ`],
  [/^is missing, and no model says which$/, () => 'Не заполнено, и модель не указана'],
  [/^no driver knows a model "(.+)": /, ([, model]) => `Модели «${model}» не знает ни один драйвер`],
  [/^"(.+)" may be (.+): say which$/, ([, model, all]) => `«${model}»: моделей несколько, укажите одну: ${all}`],

  // Names and places
  [/^has (\d+) bytes, at most (\d+) may stand$/, ([, is, most]) => `Слишком длинно: ${is} байт, может быть до ${most}`],
  [/^has control characters$/, () => 'Есть управляющие знаки'],
  [/^"(.*)" is no zone such as (\S+)$/, ([, is, like]) => `«${is}»: нет такого часового пояса. Ждём, например, ${like}`],
  [/^(-?[\d.]+), expected -([\d.]+) to [\d.]+$/, ([, is = '', most]) => `${is.replace('-', '−')}, ожидается от −${most} до ${most}`],
  [/^expected degrees such as (\S+)$/, ([, like]) => `Нужны градусы, например ${like}`],
  [/^"(.*)", expected one of (.+)$/, ([, is, all]) => `«${is}», ожидается одно из: ${all}`],
  [/^"(.*)", expected yes or no$/, ([, is]) => `«${is}», ожидается yes или no`],
  [/^"(.*)", another row says "(.*)"$/, ([, is, other]) => `«${is}», а в другой строке «${other}»`],
  [/^"(.*)" stands in more than one row$/, ([, name]) => `«${name}» есть ещё в одной строке`],
  [/^(\d+) stands twice$/, ([, is]) => `${is} указан дважды`],
  [/^is (\d+) for good, not (\d+): make another there$/, () => 'Переносить нельзя. Заведите там новый'],
  [/^stands beside place: expected one or the other$/, () => 'Указан и узел, и место по названиям. Нужно одно'],
  [/^"(.+)" is none of the places that you keep$/, ([, name]) => `«${name}» не из ваших мест`],
  [/^a new (\S+) needs rights over everything$/, () => 'Для нового нужны права на всё'],
  [/^site "(.+)" is there with another address, time zone or coordinates: change the site$/, ([, name]) => `Объект «${name}» уже есть с другим адресом, поясом или координатами: измените сам объект`],
  [/^point "(.+)" is there as (\S+), (\S+): change the point$/, ([, name]) => `Точка «${name}» уже есть с другим ресурсом или назначением: измените саму точку`],
  [/^device "(.+)" has its place since (\S+), after (\S+)$/, ([, name, since, at]) => `Прибор «${name}» стоит здесь с ${since}, это позже чем ${at}`],
  [/^device "(.+)" is archived: it has no place$/, ([, name]) => `Прибор «${name}» в архиве, места у него нет`],

  // Lines
  [/^line option "(.*)": expected (.+) with at most (\d+) ms$/, ([, is, , most]) => `Особенность линии «${is}»: ожидается rts, rts-inverted, echo, gap=МС, settle=МС, latency=МС или silence=МС, до ${most} мс`],
  [/^line settings "(.*)": expected .+ such as (\S+) /, ([, is, like]) => `Настройки порта «${is}»: ожидается, например, ${like}`],
  [/^there is no way to the device$/, () => 'Нет ни одного пути к прибору'],
  [/^expected either line or address$/, () => 'Нужна линия или адрес, одно из двух'],
  [/^line "(.+)" has the options "(.*)", not "(.*)": change the line$/, ([, name, is]) => `У линии «${name}» другие особенности («${is}»): измените саму линию`],
  [/^line "(.+)" is at (\S+), not at (\S+)$/, ([, name, is, said]) => `Линия «${name}» ведёт на ${is}, а не на ${said}`],

  // When, and what
  [/^schedule entry "([^"]*)": (.+?)(?:; expected such as .*)?$/, ([, entry, why = '']) => `Расписание «${entry}»: ${isPart(why)}. Ждём, например, every 60m: clock current hourly`],
  [/^clock policy "([^"]*)": (.+?)(?:; expected `off` .*)?$/, ([, is, why = '']) => `Правка часов «${is}»: ${isPart(why)}. Ждём off или, например, beyond 30s within 10m every 24h`],
  [/^(?:what: )?"(.*)" is no task, expected (.+)$/, ([, is, all]) => `Читать «${is}» нельзя, можно ${tasks(all)}`],
  [/^expected a whole number of minutes$/, () => 'Нужно целое число минут'],
  [/^is 0, expected 1 or more, or nothing$/, () => 'Нужно от 1, или пусто'],
  [/^stands beside every_minutes or tasks: expected one or the other$/, () => 'Указано рядом с every_minutes или tasks. Нужно одно'],
  [/^there is no group "(.+)": /, ([, name]) => `Группы «${name}» нет`],

  // Tables
  [/^has (\d+) parts between bars, expected (\d+): one a line$/, ([, is, want]) => `Частей между чертами ${is}, ожидается ${want}, по одной на линию`],
  [/^expected a name, or a list such as (.+)$/, ([, like]) => `Нужно название или список, например ${like}`],
  [/^column "(.*)" is not known, expected (.+)$/, ([, is, all]) => `Столбца «${is}» нет, есть ${all}`],
  [/^column "(.*)" stands twice, /, ([, is]) => `Столбец «${is}» указан дважды`],
  [/^the file is empty, expected a head line with (.+)$/, ([, all]) => `Файл пуст, нужна строка заголовков: ${all}`],
  [/^the file is not UTF-8 from byte (\d+): /, ([, at]) => `Файл не в UTF-8, с байта ${at}. Сохраните как «CSV UTF-8» или XLSX`],
  [/^the file is no CSV: /, () => 'Это не CSV'],
  [/^the file is no XLSX workbook: /, () => 'Книгу XLSX не прочесть'],
  [/^the file has more than (\d+) rows$/, ([, most]) => `В файле больше ${most} строк`],
  [/^the file has more than (\d+) columns$/, ([, most]) => `В файле больше ${most} столбцов`],
  [/^the file has more than (\d+) /, () => 'Файл слишком велик'],
  [/^the file cannot be read$/, () => 'Файл не прочесть'],
];
