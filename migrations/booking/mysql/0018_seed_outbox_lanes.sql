insert ignore into outbox_lanes (lane) values (0), (1), (2), (3);
