/* Meter time: texts, and hours by number (0 is 1970-01-01T00:00), so that they can be counted through. */
#pragma once
#include "driver.h"

typedef uzel_driver_types_civil_time_t civil_t;

/* A time from `2026-02-01T10:20` with or without seconds; false: the text is none. */
bool civil_parse(const char *text, civil_t *time);

/* The number of the hour in which `time` is. */
int64_t civil_hour(civil_t time);

/* The start of the hour with this number. */
civil_t civil_start(int64_t hour);
