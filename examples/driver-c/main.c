/* The example driver in C: ПРИМЕР-1, see ../meter.md. What the bindings are called by stands here, work elsewhere. */
#include <string.h>

#include "civil.h"
#include "describe.h"
#include "meter.h"
#include "table.h"

enum {
  RING_HOURS = 48,
  /* Rows that are stored together: a cut session loses no more. */
  BATCH_ROWS = 16,
};

/* One instance of the driver serves one session with one meter. */
static int address;

void exports_uzel_driver_meter_describe(driver_string_t *ret) { driver_string_dup(ret, DESCRIBE); }

/* The host has checked the configuration against DESCRIBE: a flat object in which `address` is a number. */
static int configured_address(const driver_string_t *config) {
  static const char KEY[] = "\"address\":";
  for (size_t i = 0; i + sizeof KEY <= config->len; i++) {
    if (memcmp(config->ptr + i, KEY, sizeof KEY - 1) != 0) continue;
    int number = 0;
    for (i += sizeof KEY - 1; i < config->len && config->ptr[i] >= '0' && config->ptr[i] <= '9' && number < 100; i++) {
      number = number * 10 + (config->ptr[i] - '0');
    }
    return number;
  }
  return 0;
}

static bool identify(port_t port, exports_uzel_driver_meter_identity_t *ret, failure_t *err) {
  answer_t answer;
  if (address < 1 || address > 99) return fail(err, UZEL_DRIVER_TYPES_FAILURE_CONFIG, "address is not from 1 to 99");
  if (!meter_fields(port, address, "I", 3, &answer, err)) return false;
  if (strcmp(answer.fields[0], "PRIMER-1") != 0) {
    return fail(err, UZEL_DRIVER_TYPES_FAILURE_WRONG_DEVICE, answer.fields[0]);
  }
  *ret = (exports_uzel_driver_meter_identity_t){.serial.is_some = true, .firmware.is_some = true};
  driver_string_dup(&ret->model, "primer-1");
  driver_string_dup(&ret->serial.val, answer.fields[1]);
  driver_string_dup(&ret->firmware.val, answer.fields[2]);
  return true;
}

static bool read_clock(port_t port, exports_uzel_driver_meter_clock_reading_t *ret, failure_t *err) {
  answer_t answer;
  int64_t sent = uzel_driver_host_now();
  if (!meter_fields(port, address, "T", 1, &answer, err)) return false;
  int64_t half_ms = (uzel_driver_host_now() - sent) / 2;
  ret->at = sent + half_ms;
  /* The clock shows whole seconds. */
  ret->uncertainty_ms = half_ms + 1000;
  return civil_parse(answer.fields[0], &ret->shown) || fail(err, UZEL_DRIVER_TYPES_FAILURE_GARBLED, answer.fields[0]);
}

/* A row that holds now: the clock, then three numbers. */
static bool read_moment(port_t port, sink_t out, const char *command, enum table table, failure_t *err) {
  answer_t answer;
  civil_t clock;
  cells_t cells;
  if (!meter_fields(port, address, command, 4, &answer, err)) return false;
  if (!civil_parse(answer.fields[0], &clock)) return fail(err, UZEL_DRIVER_TYPES_FAILURE_GARBLED, answer.fields[0]);
  return table_declare(out, table, err) && table_row(clock, answer.fields + 1, 3, &cells, err) &&
         table_store(out, &cells, 1, err);
}

/* Hours that were read and are not stored yet. */
typedef struct {
  size_t count;
  cells_t rows[BATCH_ROWS];
} batch_t;

static bool flush(batch_t *batch, sink_t out, failure_t *err) {
  size_t count = batch->count;
  batch->count = 0;
  return table_store(out, batch->rows, count, err);
}

/* One hour by the number of its start; its label is the start of the next. */
static bool read_hour(port_t port, sink_t out, int64_t hour, batch_t *batch, failure_t *err) {
  char command[] = "H0000-00-00T00:00";
  civil_t label = civil_start(hour + 1);
  int numbers[] = {label.year / 100, label.year % 100, label.month, label.day, label.hour};
  static const int PLACES[] = {1, 3, 6, 9, 12};
  for (int i = 0; i < 5; i++) {
    command[PLACES[i]] += numbers[i] / 10;
    command[PLACES[i] + 1] += numbers[i] % 10;
  }
  answer_t answer;
  if (!meter_ask(port, address, command, &answer, err)) return false;
  switch (answer.refused) {
    case 0:
      if (!table_hour(label, &answer, &batch->rows[batch->count], err)) return false;
      return ++batch->count < BATCH_ROWS || flush(batch, out, err);
    case 2: return table_absent(out, hour, hour + 1, UZEL_DRIVER_TYPES_ABSENCE_DEVICE_OFF, err);
    case 3: return table_absent(out, hour, hour + 1, UZEL_DRIVER_TYPES_ABSENCE_OVERWRITTEN, err);
    default: return fail(err, UZEL_DRIVER_TYPES_FAILURE_REFUSED, command);
  }
}

/* The hours of one window that are in the ring, `oldest` to `end_of_ring`. */
static bool read_window(port_t port, sink_t out, const uzel_driver_types_window_t *window, int64_t oldest,
                        int64_t end_of_ring, batch_t *batch, failure_t *err) {
  civil_t first = window->begin, last = window->end;
  int64_t begin = civil_hour(first) + (first.minute > 0 || first.second > 0);
  int64_t end = civil_hour(last) + (last.minute > 0 || last.second > 0);
  if (begin < oldest && begin < end) {
    bool is_full = end_of_ring - oldest >= RING_HOURS;
    uint8_t why = is_full ? UZEL_DRIVER_TYPES_ABSENCE_OVERWRITTEN : UZEL_DRIVER_TYPES_ABSENCE_NEVER_WRITTEN;
    if (!table_absent(out, begin, oldest < end ? oldest : end, why, err)) return false;
    begin = oldest;
  }
  if (end > end_of_ring) end = end_of_ring;
  for (int64_t hour = begin; hour < end; hour++) {
    if (!read_hour(port, out, hour, batch, err)) return false;
  }
  return true;
}

static bool read_archive(port_t port, sink_t out, const exports_uzel_driver_meter_list_window_t *windows,
                         failure_t *err) {
  answer_t answer;
  civil_t oldest, newest;
  if (!meter_fields(port, address, "R", 2, &answer, err)) return false;
  if (strcmp(answer.fields[0], "-") == 0) return true;
  if (!civil_parse(answer.fields[0], &oldest) || !civil_parse(answer.fields[1], &newest)) {
    return fail(err, UZEL_DRIVER_TYPES_FAILURE_GARBLED, answer.fields[0]);
  }
  if (!table_declare(out, HOURLY, err)) return false;
  static batch_t batch;
  batch.count = 0;
  bool is_read = true;
  for (size_t i = 0; i < windows->len && is_read; i++) {
    is_read = read_window(port, out, &windows->ptr[i], civil_hour(oldest) - 1, civil_hour(newest), &batch, err);
  }
  if (is_read) return flush(&batch, out, err);
  /* Hours that were read whole are good, however the reading ended; why it ended is told. */
  failure_t ignored;
  flush(&batch, out, &ignored);
  return false;
}

/* What the host lends for a call is given back before it ends, what it gave is freed. */

bool exports_uzel_driver_meter_identify(exports_uzel_driver_meter_borrow_port_t port, driver_string_t *config,
                                        exports_uzel_driver_meter_identity_t *ret, failure_t *err) {
  address = configured_address(config);
  driver_string_free(config);
  bool is_done = identify(port, ret, err);
  uzel_driver_line_port_drop_borrow(port);
  return is_done;
}

bool exports_uzel_driver_meter_read_clock(exports_uzel_driver_meter_borrow_port_t port,
                                          exports_uzel_driver_meter_clock_reading_t *ret, failure_t *err) {
  bool is_done = read_clock(port, ret, err);
  uzel_driver_line_port_drop_borrow(port);
  return is_done;
}

bool exports_uzel_driver_meter_read_current(exports_uzel_driver_meter_borrow_port_t port,
                                            exports_uzel_driver_meter_borrow_sink_t out, failure_t *err) {
  bool is_done = read_moment(port, out, "C", CURRENT, err);
  uzel_driver_line_port_drop_borrow(port);
  uzel_driver_host_sink_drop_borrow(out);
  return is_done;
}

bool exports_uzel_driver_meter_read_totals(exports_uzel_driver_meter_borrow_port_t port,
                                           exports_uzel_driver_meter_borrow_sink_t out, failure_t *err) {
  bool is_done = read_moment(port, out, "S", TOTALS, err);
  uzel_driver_line_port_drop_borrow(port);
  uzel_driver_host_sink_drop_borrow(out);
  return is_done;
}

bool exports_uzel_driver_meter_read_archive(exports_uzel_driver_meter_borrow_port_t port,
                                            exports_uzel_driver_meter_archive_kind_t *kind,
                                            exports_uzel_driver_meter_list_window_t *windows,
                                            driver_list_u8_t *maybe_resume,
                                            exports_uzel_driver_meter_borrow_sink_t out, failure_t *err) {
  bool is_done = kind->tag == UZEL_DRIVER_TYPES_ARCHIVE_KIND_HOURLY
                     ? read_archive(port, out, windows, err)
                     : fail(err, UZEL_DRIVER_TYPES_FAILURE_UNSUPPORTED, "it has an hourly archive only");
  if (maybe_resume != NULL) driver_list_u8_free(maybe_resume);
  exports_uzel_driver_meter_list_window_free(windows);
  uzel_driver_line_port_drop_borrow(port);
  uzel_driver_host_sink_drop_borrow(out);
  return is_done;
}

void exports_uzel_driver_meter_close(exports_uzel_driver_meter_borrow_port_t port) {
  uzel_driver_line_port_drop_borrow(port);
}
