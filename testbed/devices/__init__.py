"""What servers can be given while they are there: volumes, by a real cinder, and interfaces, by a real neutron agent."""
