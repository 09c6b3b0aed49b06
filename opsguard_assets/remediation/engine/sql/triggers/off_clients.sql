-- Returns the clients whose kill switch is off.
SELECT name, why FROM remediation_switches WHERE scope = 'client'
