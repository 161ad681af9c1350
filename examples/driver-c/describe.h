/* What describe() returns. JSON is made of tokens that the preprocessor knows, so `#` makes a string of it. */
#define JSON(...) #__VA_ARGS__

static const char DESCRIBE[] = JSON({
  "id": "example-c",
  "version": "1.0.0",
  "vendor": "Uzel",
  "title": {"ru": "Пример драйвера на C (ПРИМЕР-1)", "en": "Example driver in C (PRIMER-1)"},
  "line": {
    "media": ["serial", "tcp", "udp", "modem"],
    "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1
  },
  "config": [
    {
      "key": "address", "type": "integer", "min": 1, "max": 99, "default": 1,
      "title": {"ru": "Сетевой адрес", "en": "Network address"}
    }
  ],
  "models": [
    {
      "id": "primer-1",
      "maker": {"ru": "Учебный завод", "en": "Example Works"},
      "names": ["ПРИМЕР-1", "PRIMER-1"],
      "resources": ["heat"],
      "archives": [{"kind": "hourly", "depth": 48, "label": "interval-end"}],
      "evidence": {
        "identify": "document", "clock": "document", "current": "document", "totals": "document",
        "hourly": "document"
      }
    }
  ],
  "conditions": [
    {
      "code": "G", "category": "flow-below-min", "effect": "information",
      "title": {"ru": "Расход ниже минимума", "en": "Flow below minimum"}
    },
    {
      "code": "T", "category": "functional-failure", "effect": "stopped",
      "title": {"ru": "Отказ датчика t1", "en": "Sensor of t1 failed"}
    }
  ]
});
