#include "table.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(literal) ((driver_string_t){(uint8_t *)(literal), sizeof(literal) - 1})
#define SOME(literal) ((driver_option_string_t){true, TEXT(literal)})
#define NONE ((driver_option_string_t){false})

#define INSTANT UZEL_DRIVER_TYPES_AGGREGATE_INSTANT
#define MEAN UZEL_DRIVER_TYPES_AGGREGATE_MEAN
#define SUM UZEL_DRIVER_TYPES_AGGREGATE_SUM
#define TOTAL UZEL_DRIVER_TYPES_AGGREGATE_TOTAL

#define COLUMN(ID, QUANTITY, UNIT, DECIMALS, PIPE, AGGREGATE) \
  ((uzel_driver_types_column_t){ \
      .id = TEXT(ID), .quantity = TEXT(QUANTITY), .unit = TEXT(UNIT), .point = 1, .pipe = PIPE, \
      .aggregate = AGGREGATE, .decimals = {true, DECIMALS}})

/* What the host says of a row that does not fit is a fault of this driver. */
static bool judge(bool is_taken, uint8_t verdict, driver_string_t *error, failure_t *failure) {
  if (!is_taken) {
    failure->tag = UZEL_DRIVER_TYPES_FAILURE_UNSUPPORTED;
    failure->val.unsupported = *error;
    return false;
  }
  failure->tag = UZEL_DRIVER_TYPES_FAILURE_STOPPED;
  return verdict != UZEL_DRIVER_HOST_VERDICT_STOP;
}

bool table_declare(sink_t out, enum table table, failure_t *failure) {
  uzel_driver_types_column_t current[] = {
      COLUMN("t1", "temperature", "Cel", 2, SOME("supply"), INSTANT),
      COLUMN("t2", "temperature", "Cel", 2, SOME("return"), INSTANT),
      COLUMN("G", "volume-flow", "m3/h", 3, SOME("supply"), INSTANT),
  };
  uzel_driver_types_column_t totals[] = {
      COLUMN("Q", "heat-energy", "Gcal", 4, NONE, TOTAL),
      COLUMN("V", "volume", "m3", 3, SOME("supply"), TOTAL),
      COLUMN("T", "time-normal", "h", 0, NONE, TOTAL),
  };
  uzel_driver_types_column_t hourly[] = {
      COLUMN("t1", "temperature", "Cel", 2, SOME("supply"), MEAN),
      COLUMN("t2", "temperature", "Cel", 2, SOME("return"), MEAN),
      COLUMN("V", "volume", "m3", 3, SOME("supply"), SUM),
      COLUMN("Q", "heat-energy", "Gcal", 4, NONE, SUM),
  };
  uzel_driver_host_list_column_t columns[] = {{current, 3}, {totals, 3}, {hourly, 4}};
  uint8_t labels = table == HOURLY ? UZEL_DRIVER_TYPES_LABEL_RULE_INTERVAL_END : UZEL_DRIVER_TYPES_LABEL_RULE_MOMENT;
  driver_string_t error;
  bool is_taken = uzel_driver_host_method_sink_declare(out, &columns[table], labels, &error);
  return judge(is_taken, UZEL_DRIVER_HOST_VERDICT_GO_ON, &error, failure);
}

/* `81.25` is 8125 with 2 decimals: a number leaves as the meter keeps it. */
static bool number(const char *field, uzel_driver_types_value_t *value) {
  if (strcmp(field, "-") == 0) {
    value->tag = UZEL_DRIVER_TYPES_VALUE_ABSENT;
    return true;
  }
  int64_t digits = 0;
  int count = 0, decimals = -1;
  bool is_negative = *field == '-';
  for (const char *at = field + is_negative; *at != 0; at++) {
    if (*at == '.' && decimals < 0) {
      decimals = count;
    } else if (*at >= '0' && *at <= '9' && count < 15) {
      digits = digits * 10 + (*at - '0');
      count++;
    } else {
      return false;
    }
  }
  value->tag = UZEL_DRIVER_TYPES_VALUE_FIXED;
  value->val.fixed.digits = is_negative ? -digits : digits;
  value->val.fixed.decimals = decimals < 0 ? 0 : count - decimals;
  return count > 0;
}

bool table_row(civil_t label, char **fields, int count, cells_t *cells, failure_t *failure) {
  if (count > MOST_VALUES) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_GARBLED, "too many numbers");
  for (int i = 0; i < count; i++) {
    if (!number(fields[i], &cells->values[i])) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_GARBLED, fields[i]);
  }
  cells->row = (uzel_driver_types_row_t){.label = {true, label}, .values = {cells->values, count}};
  return true;
}

bool table_hour(civil_t label, answer_t *answer, cells_t *cells, failure_t *failure) {
  if (answer->count != 5) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_GARBLED, "an hour has 5 fields");
  if (!table_row(label, answer->fields, 4, cells, failure)) return false;
  cells->row.conditions.ptr = cells->conditions;
  cells->row.marks.ptr = &cells->mark;
  for (const char *letter = answer->fields[4]; *letter != 0; letter++) {
    size_t place = cells->row.conditions.len;
    if (*letter == '-' || place == MOST_LETTERS) continue;
    cells->letters[place] = *letter;
    driver_string_t code = {(uint8_t *)&cells->letters[place], 1};
    uzel_driver_types_condition_t condition = {.code = code, .point = 1};
    if (*letter == 'G') {
      condition.category = SOME("flow-below-min");
      condition.effect = (uzel_driver_types_option_effect_t){true, UZEL_DRIVER_TYPES_EFFECT_INFORMATION};
      condition.column = (driver_option_u16_t){true, 2};
    } else if (*letter == 'T') {
      condition.category = SOME("functional-failure");
      condition.effect = (uzel_driver_types_option_effect_t){true, UZEL_DRIVER_TYPES_EFFECT_STOPPED};
      condition.column = (driver_option_u16_t){true, 0};
      cells->mark = (uzel_driver_types_mark_t){0, UZEL_DRIVER_TYPES_QUALITY_ABSENT, {true, code}};
      cells->row.marks.len = 1;
    }
    cells->conditions[place] = condition;
    cells->row.conditions.len++;
  }
  return true;
}

bool table_store(sink_t out, cells_t *cells, size_t count, failure_t *failure) {
  if (count == 0) return true;
  uzel_driver_types_row_t *rows = calloc(count, sizeof *rows);
  if (rows == NULL) abort();
  for (size_t i = 0; i < count; i++) rows[i] = cells[i].row;
  uzel_driver_host_list_row_t list = {rows, count};
  uint8_t verdict = UZEL_DRIVER_HOST_VERDICT_GO_ON;
  driver_string_t error;
  bool is_taken = uzel_driver_host_method_sink_rows(out, &list, NULL, &verdict, &error);
  free(rows);
  return judge(is_taken, verdict, &error, failure);
}

bool table_absent(sink_t out, int64_t begin, int64_t end, uint8_t why, failure_t *failure) {
  uzel_driver_types_window_t window = {civil_start(begin), civil_start(end)};
  uint8_t verdict = UZEL_DRIVER_HOST_VERDICT_GO_ON;
  driver_string_t error;
  bool is_taken = uzel_driver_host_method_sink_absent(out, &window, why, &verdict, &error);
  return judge(is_taken, verdict, &error, failure);
}
