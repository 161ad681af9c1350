/* Asking the meter: frames, check sums, attempts (meter.md, "Line"). */
#pragma once
#include "driver.h"

typedef uzel_driver_types_failure_t failure_t;
typedef uzel_driver_line_borrow_port_t port_t;

enum { MOST_FIELDS = 6, LONGEST = 128 };

/* An answer: its fields, or the code of a refusal (0: none). */
typedef struct {
  int refused;
  int count;
  char *fields[MOST_FIELDS];
  char text[LONGEST];
} answer_t;

/* Asks meter `address` until an answer to this question comes. */
bool meter_ask(port_t port, int address, const char *command, answer_t *answer, failure_t *failure);

/* As meter_ask, for a question that the meter has no reason to refuse and that has `count` fields. */
bool meter_fields(port_t port, int address, const char *command, int count, answer_t *answer, failure_t *failure);

/* Sets a failure with a text and returns false. */
bool fail(failure_t *failure, uint8_t tag, const char *text);
