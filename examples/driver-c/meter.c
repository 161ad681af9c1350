#include "meter.h"

#include <stdlib.h>
#include <string.h>

enum {
  ATTEMPTS = 3,
  /* The meter answers within 300 ms; the rest is the line's. */
  DEADLINE_MS = 1500,
  /* A disturbed line is left alone so long before the next attempt. */
  QUIET_MS = 200,
};

bool fail(failure_t *failure, uint8_t tag, const char *text) {
  failure->tag = tag;
  /* The text is freed by the bindings after the call. All texts of failures are of one type. */
  driver_string_dup(&failure->val.garbled, text);
  return false;
}

/* CRC-16/MODBUS in four hex digits. */
static void checksum(const char *text, size_t length, char hex[4]) {
  uint16_t crc = 0xFFFF;
  for (size_t i = 0; i < length; i++) {
    crc ^= (uint8_t)text[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xA001 : 0);
  }
  for (int i = 0; i < 4; i++) hex[i] = "0123456789ABCDEF"[crc >> (12 - 4 * i) & 0xF];
}

/* Takes the answer to the question `body` out of what came: noise before it does no harm. Gives what is wrong. */
static const char *parse(const uint8_t *bytes, size_t length, const char *body, answer_t *answer) {
  size_t start = length;
  while (start > 0 && bytes[start - 1] != '#') start--;
  length -= start;
  if (start == 0 || length < 7 || length >= LONGEST) return "no frame from # to CR LF";
  memcpy(answer->text, bytes + start, length);
  /* A zero within would end the text early. */
  if (memchr(answer->text, 0, length) != NULL) return "a zero byte in a frame";
  char *end = answer->text + length - 7;
  char hex[4];
  checksum(answer->text, length - 7, hex);
  if (end[0] != '*' || end[5] != '\r' || end[6] != '\n') return "no frame from # to CR LF";
  if (memcmp(end + 1, hex, 4) != 0) return "the check sum is wrong";
  *end = 0;
  size_t asked = strlen(body);
  if (strncmp(answer->text, body, asked) != 0) return "answer to another question";
  char *rest = answer->text + asked;
  answer->refused = answer->count = 0;
  if (*rest == '!') {
    answer->refused = atoi(rest + 1);
    return answer->refused > 0 ? NULL : "a refusal without a code";
  }
  if (*rest != '=') return "answer to another question";
  do {
    if (answer->count == MOST_FIELDS) return "too many fields";
    *rest++ = 0;
    answer->fields[answer->count++] = rest;
  } while ((rest = strchr(rest, ';')) != NULL);
  return NULL;
}

bool meter_ask(port_t port, int address, const char *command, answer_t *answer, failure_t *failure) {
  char body[32] = {'0' + address / 10, '0' + address % 10};
  strncat(body, command, sizeof body - 3);
  size_t length = strlen(body);
  char frame[48] = "#";
  strcat(frame, body);
  frame[length + 1] = '*';
  checksum(body, length, frame + length + 2);
  memcpy(frame + length + 6, "\r\n", 2);
  driver_list_u8_t question = {(uint8_t *)frame, length + 8};
  uzel_driver_line_reading_t how = {
      .until = {.tag = UZEL_DRIVER_LINE_UNTIL_DELIMITER, .val.delimiter = '\n'},
      .max = LONGEST,
      .deadline_ms = DEADLINE_MS,
  };
  const char *wrong = NULL;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    driver_list_u8_t bytes;
    uzel_driver_line_line_error_t error;
    if (!uzel_driver_line_method_port_exchange(port, &question, &how, &bytes, &error)) {
      if (error.tag != UZEL_DRIVER_TYPES_LINE_ERROR_TIMEOUT) {
        failure->tag = UZEL_DRIVER_TYPES_FAILURE_LINE;
        failure->val.line = error;
        return false;
      }
      bytes = error.val.timeout;
    }
    if (bytes.len == 0) continue;
    wrong = parse(bytes.ptr, bytes.len, body, answer);
    driver_list_u8_free(&bytes);
    if (wrong == NULL) return true;
    uzel_driver_host_sleep(QUIET_MS);
  }
  if (wrong != NULL) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_GARBLED, wrong);
  failure->tag = UZEL_DRIVER_TYPES_FAILURE_NO_ANSWER;
  return false;
}

bool meter_fields(port_t port, int address, const char *command, int count, answer_t *answer, failure_t *failure) {
  if (!meter_ask(port, address, command, answer, failure)) return false;
  if (answer->refused) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_REFUSED, command);
  if (answer->count != count) return fail(failure, UZEL_DRIVER_TYPES_FAILURE_GARBLED, "another count of fields");
  return true;
}
