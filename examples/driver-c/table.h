/* Fields of answers as columns and rows of the contract. */
#pragma once
#include "civil.h"
#include "meter.h"

typedef uzel_driver_host_borrow_sink_t sink_t;

enum { MOST_VALUES = 4, MOST_LETTERS = 4 };

/* A row and all that it points to. */
typedef struct {
  uzel_driver_types_row_t row;
  uzel_driver_types_value_t values[MOST_VALUES];
  uzel_driver_types_mark_t mark;
  uzel_driver_types_condition_t conditions[MOST_LETTERS];
  char letters[MOST_LETTERS];
} cells_t;

enum table { CURRENT, TOTALS, HOURLY };

/* Declares the columns of a table. */
bool table_declare(sink_t out, enum table table, failure_t *failure);

/* Fills a row with `count` numbers; a field `-` is no value. */
bool table_row(civil_t label, char **fields, int count, cells_t *cells, failure_t *failure);

/* Fills the row of an hour: four numbers and the letters of its conditions. */
bool table_hour(civil_t label, answer_t *answer, cells_t *cells, failure_t *failure);

/* Gives `count` rows to the host; they are stored when it returns. */
bool table_store(sink_t out, cells_t *cells, size_t count, failure_t *failure);

/* The meter has nothing for the hours from `begin` to `end`, `end` not included. */
bool table_absent(sink_t out, int64_t begin, int64_t end, uint8_t why, failure_t *failure);
