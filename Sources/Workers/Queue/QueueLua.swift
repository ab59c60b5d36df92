// SPDX-License-Identifier: Apache-2.0

/// Functions that several scripts begin with. Each script is one step: a job leaves one place as it comes into another, and the counts
/// move with it.
enum QueueLua {
  static let functions = """
    -- Wakes one worker that has nothing to do. It takes what it can, and wakes the next if that leaves something.
    local function wake(class)
      if redis.call('LLEN', 'jobs:wake:' .. class) == 0 then redis.call('RPUSH', 'jobs:wake:' .. class, '1') end
    end

    local function wake_all()
      for _, class in ipairs({'admin', 'interactive', 'bulk'}) do
        if redis.call('EXISTS', 'jobs:ring:' .. class) == 1 then wake(class) end
      end
    end

    -- Puts jobs into a lane, at the end (RPUSH) or, when they had their turn before, at the front (LPUSH).
    local function add(side, class, kind, tenant, jobs)
      redis.call(side, 'jobs:lane:' .. class .. ':' .. kind .. ':' .. tenant, unpack(jobs))
      redis.call('HINCRBY', 'jobs:depth', class .. ' ' .. kind, #jobs)
      if redis.call('HINCRBY', 'jobs:waiting:' .. class, tenant, #jobs) == #jobs then
        redis.call('RPUSH', 'jobs:ring:' .. class, tenant)
      end
      wake(class)
    end

    local function delay(due, member)
      redis.call('ZADD', 'jobs:delayed', due, member)
      -- Whoever sleeps until the next one is due must hear of an earlier one.
      if redis.call('ZRANGE', 'jobs:delayed', 0, 0)[1] == member then wake(string.match(member, '^%a+')) end
    end

    local function lower(field, count)
      if redis.call('HINCRBY', 'jobs:flight', field, -count) <= 0 then redis.call('HDEL', 'jobs:flight', field) end
    end

    -- So many jobs are under way no more. What a limit held back may go now.
    local function ended(stream, kind, tenant, count)
      if count == 0 or kind == '' then return end
      lower('class:' .. string.sub(stream, 6), count)
      lower('kind:' .. kind, count)
      lower('tenant:' .. tenant, count)
      if redis.call('EXISTS', 'jobs:control') == 1 then wake_all() end
    end

    local function leave(group, stream, id, kind, tenant)
      redis.call('XACK', stream, group, id)
      local gone = redis.call('XDEL', stream, id)
      ended(stream, kind, tenant, gone)
      return gone
    end

    local function bury(...)
      redis.call('XADD', 'jobs:dead', 'MAXLEN', '~', 10000, '*', ...)
    end

    local function milliseconds()
      local time = redis.call('TIME')
      return time[1] * 1000 + math.floor(time[2] / 1000)
    end

    """
}
