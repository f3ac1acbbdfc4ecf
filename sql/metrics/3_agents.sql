-- Which agent is in which state, now or at any past instant.

-- One row an agent of whom anything was heard within `lost_after` before `as_of`, with the state that held then.
CREATE FUNCTION metric.agents(as_of timestamptz, lost_after interval) RETURNS TABLE (
    agent_id text, state text, since timestamptz, queues text[], source text
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT agent.agent_id, last.state, last.changed_at, last.queues, last.source
    FROM agent
    CROSS JOIN LATERAL (
        SELECT change.state, change.changed_at, change.queues, change.source
        FROM agent_state_change AS change
        WHERE change.agent_id = agent.agent_id AND change.changed_at <= as_of AND change.changed_at > as_of - lost_after
        ORDER BY change.changed_at DESC
        LIMIT 1
    ) AS last
$$;

-- One row a state: the seconds that all agents spent in it between two instants, as known at `as_of`.
CREATE FUNCTION metric.agent_seconds(starts_at timestamptz, ends_at timestamptz, as_of timestamptz, lost_after interval) RETURNS TABLE (
    state text, seconds numeric
) STABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT span.state,
           sum(extract(epoch FROM least(span.until, ends_at, as_of) - greatest(span.changed_at, starts_at)))
    FROM (
        SELECT change.state, change.changed_at,
               least(lead(change.changed_at) OVER (PARTITION BY change.agent_id ORDER BY change.changed_at),
                     change.changed_at + lost_after) AS until
        FROM agent_state_change AS change
        WHERE change.changed_at > starts_at - lost_after AND change.changed_at < least(ends_at, as_of)
    ) AS span
    WHERE least(span.until, ends_at, as_of) > greatest(span.changed_at, starts_at)
    GROUP BY span.state
$$;

-- The earlier in this list holds when an agent is in several states at one instant.
CREATE FUNCTION metric.state_order(state text) RETURNS integer
IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT array_position(ARRAY['on_contact', 'wrap_up', 'away', 'available', 'offline'], state)
$$;
