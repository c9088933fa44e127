insert ignore into dev_clock (offset_us) values (0);
