#include "civil.h"

/* A number of exactly `count` digits; moves `text` behind it. */
static bool digits(const char **text, int count, int *number) {
  for (*number = 0; count > 0; count--, (*text)++) {
    if (**text < '0' || **text > '9') return false;
    *number = *number * 10 + (**text - '0');
  }
  return true;
}

bool civil_parse(const char *text, civil_t *time) {
  static const struct { char before; int count; } PARTS[] = {{0, 4}, {'-', 2}, {'-', 2}, {'T', 2}, {':', 2}, {':', 2}};
  int part[6] = {0};
  for (int i = 0; i < 6; i++) {
    if (i == 5 && *text == 0) break;
    if (PARTS[i].before != 0 && *text++ != PARTS[i].before) return false;
    if (!digits(&text, PARTS[i].count, &part[i])) return false;
  }
  if (*text != 0) return false;
  *time = (civil_t){part[0], part[1], part[2], part[3], part[4], part[5]};
  return true;
}

int64_t civil_hour(civil_t time) {
  /* Years that begin in March: a leap day is the last of its year. */
  int64_t year = time.month > 2 ? time.year : time.year - 1;
  int64_t month = time.month > 2 ? time.month - 3 : time.month + 9;
  int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + time.day - 1;
  return (days - 719468) * 24 + time.hour;
}

civil_t civil_start(int64_t hour) {
  int64_t day = hour / 24 + 719468;
  int64_t era = day / 146097;
  day %= 146097;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  day -= 365 * year + year / 4 - year / 100;
  int64_t month = (5 * day + 2) / 153;
  return (civil_t){
      .year = year + era * 400 + (month >= 10),
      .month = month < 10 ? month + 3 : month - 9,
      .day = day - (153 * month + 2) / 5 + 1,
      .hour = hour % 24,
  };
}
