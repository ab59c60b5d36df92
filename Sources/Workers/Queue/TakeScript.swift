// SPDX-License-Identifier: Apache-2.0

import Redis

/// Chooses the next jobs, and gives them to a consumer.
///
/// Between classes: the most urgent first, but of each eight jobs one goes to each less urgent class that has any. Within a class tenants
/// share by deficit round-robin: a turn is worth eight units times the tenant's weight, a job costs one and more if its file is large,
/// and what is left of a turn is kept for the next. What is paused or at its limit is passed over.
enum TakeScript {
  /// No keys. Arguments: group, consumer, room, how many classes, the classes by urgency, kinds.
  ///
  /// Returns how many milliseconds until there may be more (-1: nothing that time brings), then what XREADGROUP says of each class.
  static let script = RedisScript(QueueLua.functions + prelude + allowances + tenant + rounds + main)

  private static let prelude = """
    local group, consumer, room = ARGV[1], ARGV[2], tonumber(ARGV[3])
    local classes, kinds = {}, {}
    for i = 5, 4 + ARGV[4] do classes[#classes + 1] = ARGV[i] end
    for i = 5 + ARGV[4], #ARGV do kinds[#kinds + 1] = ARGV[i] end
    local now = milliseconds()
    local taken = {}   -- jobs by class
    local flight = {}  -- what to add to jobs:flight

    -- Jobs whose time has come go to the front of their lanes.
    local due = redis.call('ZRANGEBYSCORE', 'jobs:delayed', '-inf', now, 'LIMIT', 0, 500)
    if #due > 0 then redis.call('ZREM', 'jobs:delayed', unpack(due)) end
    for _, member in ipairs(due) do
      local class, kind, name, job = string.match(member, '^(%a+) (%a+) ([%w-]+) (%d+ %d+)$')
      if class then
        add('LPUSH', class, kind, name, {job})
      else
        bury('entry', member, 'stream', 'jobs:delayed', 'reason', 'The delayed entry is no job.')
      end
    end

    """

  /// How many jobs of a class, kind or tenant may begin now, and a tenant's weight.
  private static let allowances = """
    local limited = redis.call('EXISTS', 'jobs:control') == 1
    local known = {}
    local later = math.huge  -- milliseconds until a rate lets something through

    local function allowance(scope, value)
      local name = scope .. ':' .. value
      local found = known[name]
      if found then return found end
      found = {jobs = math.huge, weight = 1}
      known[name] = found
      if not limited then return found end
      local default = scope .. ':*'
      local said = redis.call('HMGET', 'jobs:control', 'paused ' .. name, 'concurrency ' .. name, 'rate ' .. name,
        'weight ' .. name, 'concurrency ' .. default, 'rate ' .. default)
      found.weight = tonumber(said[4] or 1)
      local concurrency, rate = tonumber(said[2] or said[5] or nil), tonumber(said[3] or said[6] or nil)
      if concurrency then
        found.jobs = math.max(0, concurrency - (redis.call('HGET', 'jobs:flight', name) or 0))
      end
      if rate then
        -- A bucket that holds a second's worth.
        local tokens, counted = string.match(redis.call('HGET', 'jobs:rate', name) or '', '^(%S+) (%d+)$')
        tokens = math.min(rate, (tokens or rate) + rate * (now - (counted or now)) / 1000)
        found.rate, found.tokens = rate, tokens
        found.jobs = math.min(found.jobs, math.floor(tokens))
        if tokens < 1 then later = math.min(later, math.ceil((1 - tokens) * 1000 / rate)) end
      end
      if said[1] then found.jobs = 0 end
      return found
    end

    """

  /// One tenant's turn.
  private static let tenant = """
    -- Takes up to `most` jobs of a lane that cost no more than the budget. Returns what they cost, how many were taken, and how many left
    -- the lane.
    local function take_from(class, kind, name, most, budget)
      local lane = 'jobs:lane:' .. class .. ':' .. kind .. ':' .. name
      local cost, count, left = 0, 0, 0
      for _, job in ipairs(redis.call('LRANGE', lane, 0, math.min(most, budget) - 1)) do
        local position, price = string.match(job, '^(%d+) (%d+)$')
        if position then
          if cost + price > budget then break end
          cost, count = cost + price, count + 1
          redis.call('XADD', 'jobs:' .. class, '*', 'position', position, 'kind', kind, 'tenant', name, 'cost', price)
        else
          bury('entry', job, 'stream', lane, 'reason', 'The entry is no job.')
        end
        left = left + 1
      end
      if left > 0 then
        redis.call('LPOP', lane, left)
        redis.call('HINCRBY', 'jobs:depth', class .. ' ' .. kind, -left)
      end
      return cost, count, left
    end

    local function begun(scope, value, count)
      local name = scope .. ':' .. value
      flight[name] = (flight[name] or 0) + count
      local found = allowance(scope, value)
      found.jobs = found.jobs - count
      if found.tokens then found.tokens = found.tokens - count end
    end

    -- Returns how many were taken, what is left of the budget, whether the tenant has waiting jobs left, and whether any lane was open.
    local function turn(class, name, most, budget)
      local total, gone, open = 0, 0, false
      local own = allowance('tenant', name)
      for i = 1, #kinds do
        -- Another kind first each time, so that one does not hold back the others.
        local kind = kinds[(i + now) % #kinds + 1]
        local may = math.min(most - total, own.jobs, allowance('kind', kind).jobs, allowance('class', class).jobs)
        if may > 0 and budget > 0 then
          local cost, count, left = take_from(class, kind, name, may, budget)
          budget, total, gone = budget - cost, total + count, gone + left
          open = open or left > 0 or redis.call('EXISTS', 'jobs:lane:' .. class .. ':' .. kind .. ':' .. name) == 1
          if count > 0 then
            begun('class', class, count)
            begun('kind', kind, count)
            begun('tenant', name, count)
          end
        end
      end
      local rest = 1
      if gone > 0 then rest = redis.call('HINCRBY', 'jobs:waiting:' .. class, name, -gone) end
      return total, budget, rest > 0, open
    end

    """

  /// Turn after turn within a class.
  private static let rounds = """
    local function serve(class, most)
      local ring, deficits = 'jobs:ring:' .. class, 'jobs:deficit:' .. class
      local tenants = redis.call('LLEN', ring)
      local count, passed, turns = 0, 0, 0
      -- `passed`: tenants in a row that have nothing they may begin. A thousand turns are enough for one step; the rest is for the next.
      while count < most and passed < tenants and turns < 1000 do
        turns = turns + 1
        local name = redis.call('LINDEX', ring, 0)
        local deficit = redis.call('HGET', deficits, name)
        local budget = math.huge
        if tenants > 1 then
          local kept, inside = string.match(deficit or '0', '^(%d+)(%+?)$')
          budget = tonumber(kept or 0)
          if inside ~= '+' then budget = budget + 8 * allowance('tenant', name).weight end
        end
        local total, rest, waiting, open = turn(class, name, most - count, budget)
        count = count + total
        if not waiting then
          redis.call('LPOP', ring)
          redis.call('HDEL', 'jobs:waiting:' .. class, name)
          if deficit then redis.call('HDEL', deficits, name) end
          tenants, passed = tenants - 1, 0
        elseif not open then
          redis.call('LMOVE', ring, ring, 'LEFT', 'RIGHT')
          if deficit then redis.call('HDEL', deficits, name) end
          passed = passed + 1
        elseif count == most and rest > 0 then
          -- In the middle of its turn, which goes on with the next step.
          if tenants > 1 then redis.call('HSET', deficits, name, rest .. '+') end
        else
          redis.call('LMOVE', ring, ring, 'LEFT', 'RIGHT')
          -- No more than the dearest job costs is ever saved up, also by who was stopped by a limit.
          if tenants > 1 then redis.call('HSET', deficits, name, math.min(rest, 64)) end
          passed = 0
        end
      end
      if turns == 1000 then wake(class) end
      taken[class] = (taken[class] or 0) + count
      return count
    end

    """

  private static let main = """
    -- First what the less urgent classes are owed, then by urgency.
    local left = room
    local credit = {}
    for i = 2, #classes do
      local class = classes[i]
      if redis.call('EXISTS', 'jobs:ring:' .. class) == 1 then
        credit[class] = (redis.call('HGET', 'jobs:credit', class) or 0) + room
        local share = math.min(left, math.floor(credit[class] / 8))
        if share > 0 then left = left - serve(class, share) end
      end
    end
    for _, class in ipairs(classes) do
      if left > 0 then left = left - serve(class, left) end
    end
    for class, owed in pairs(credit) do
      -- What was not asked for is not owed, and neither is what a pause or a limit keeps from it.
      owed = owed - left - 8 * (taken[class] or 0)
      if owed > 0 and left == 0 then
        redis.call('HSET', 'jobs:credit', class, math.min(owed, room + 8))
      else
        redis.call('HDEL', 'jobs:credit', class)
      end
    end

    for name, count in pairs(flight) do redis.call('HINCRBY', 'jobs:flight', name, count) end
    for name, found in pairs(known) do
      if found.tokens then redis.call('HSET', 'jobs:rate', name, string.format('%.3f %d', found.tokens, now)) end
    end

    local answer = {-1}
    for _, class in ipairs(classes) do
      if left == 0 and redis.call('EXISTS', 'jobs:ring:' .. class) == 1 then wake(class) end
      -- A few more than were put there, for what a stranger may have put there.
      local words = {'XREADGROUP', 'GROUP', group, consumer, 'COUNT', (taken[class] or 0) + 8, 'STREAMS',
        'jobs:' .. class, '>'}
      local read = redis.pcall(unpack(words))
      if type(read) == 'table' and read.err then
        redis.call('XGROUP', 'CREATE', 'jobs:' .. class, group, '0', 'MKSTREAM')
        read = redis.call(unpack(words))
      end
      if read then answer[#answer + 1] = read[1] end
    end
    local first = redis.call('ZRANGE', 'jobs:delayed', 0, 0, 'WITHSCORES')
    if first[2] then later = math.min(later, math.max(1, first[2] - now)) end
    if later < math.huge then answer[1] = later end
    return answer
    """
}
