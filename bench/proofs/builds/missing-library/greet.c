const char *greeting(void) { return "ok\n"; }
